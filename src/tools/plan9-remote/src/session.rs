//! One connection: the handshake within its deadline, what is to run and goes along, and then the run.

use crate::house::{House, Pending, Place};
use crate::key::random;
use crate::run;
use plan9_remote_protocol::wire::{self, Receiver, Secret, Sender};
use plan9_remote_protocol::{MAX_REQUEST, Message, Request, safe_name};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::plan9::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a caller has to show that it has the key.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a caller with the key may pause before the program starts.
const PAUSE: Duration = Duration::from_secs(60);
/// How often a silent caller's system is asked whether it is still there, in milliseconds; the fourth time without an
/// answer ends the connection (`ip/tcp.c:tcpkeepalive`).
const KEEP_ALIVE: &str = "keepalive 30000";

/// Serves it to its end.
pub fn serve(house: &Arc<House>, stream: TcpStream, pending: Pending) -> io::Result<()> {
    let secret = greet(house, &stream)?;
    drop(pending);
    keep_alive(&stream);
    stream.set_write_timeout(None)?;
    stream.set_read_timeout(Some(PAUSE))?;
    let sender = Sender::server(secret.clone(), stream.try_clone()?);
    let mut receiver = Receiver::server(secret, stream.try_clone()?);
    let place = Place::take(house);
    let asked = listen(&mut receiver, place.as_ref())?;
    stream.set_read_timeout(None)?;
    let started = asked.and_then(|request| {
        let place = place.ok_or("as many programs run there as can; try again later")?;
        run::start(house, place, request)
    });
    match started {
        Ok(run) => run.attend(sender, receiver),
        Err(why) => refuse(sender, receiver, &why),
    }
    let _ = stream.shutdown(Shutdown::Both);
    Ok(())
}

/// The handshake. What takes too long is `TimedOut`, however little there is at a time.
fn greet(house: &House, stream: &TcpStream) -> io::Result<Secret> {
    struct Hurried<'a>(&'a TcpStream, Instant);
    impl Hurried<'_> {
        fn left(&self) -> io::Result<Option<Duration>> {
            let left = self.1.saturating_duration_since(Instant::now());
            if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
        }
    }
    impl Read for Hurried<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.0.set_read_timeout(self.left()?)?;
            self.0.read(bytes)
        }
    }
    impl Write for Hurried<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.set_write_timeout(self.left()?)?;
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    wire::respond(&mut Hurried(stream, Instant::now() + HANDSHAKE), &house.key, random)
}

/// What the kernel knows of a descriptor's channel: one line, whose last word is the name (man 3/dup).
pub fn channel(fd: RawFd) -> io::Result<String> {
    let mut line = String::new();
    let mut file = File::options().read(true).open_device(format!("#d/{fd}ctl"))?;
    file.read_to_string(&mut line)?;
    Ok(line)
}

/// Asks the kernel to find out when the caller's machine is gone without a word. Where it cannot be asked, that is found
/// out when the program writes something, or has run for its time.
fn keep_alive(stream: &TcpStream) {
    let Ok(place) = channel(stream.as_raw_fd()) else { return };
    let name = place.split_whitespace().last().and_then(|name| name.strip_suffix("/data"));
    if let Some(name) = name
        && let Ok(mut ctl) = OpenOptions::new().write(true).open(format!("{name}/ctl"))
    {
        let _ = ctl.write_all(KEEP_ALIVE.as_bytes());
    }
}

/// Takes what the caller says up to `Start`, and puts what goes along into the run's folder. The first thing that goes
/// wrong is kept until then, for a caller that is still speaking does not listen.
fn listen(
    receiver: &mut Receiver<TcpStream>,
    place: Option<&Place>,
) -> io::Result<Result<Request, String>> {
    let mut request = Vec::new();
    let mut luggage = Luggage { folder: place.map(|place| place.folder.as_path()), file: None };
    let mut wrong = None;
    if let Err(why) = luggage.unpack_here() {
        wrong = Some(why);
    }
    loop {
        let done = match receiver.receive()? {
            Message::Start => break,
            Message::Request(part) if request.len() + part.len() <= MAX_REQUEST => {
                request.extend_from_slice(part);
                Ok(())
            }
            Message::Folder { name, mode } => luggage.folder(name, mode),
            Message::File { name, mode } => luggage.file(name, mode),
            Message::Content(bytes) => luggage.content(bytes),
            _ => return Err(ErrorKind::InvalidData.into()),
        };
        if let Err(why) = done {
            wrong.get_or_insert(why);
            luggage.folder = None;
            luggage.file = None;
        }
    }
    drop(luggage);
    if let Some(why) = wrong {
        return Ok(Err(why));
    }
    Request::decode(&request).map(Ok).map_err(|_| ErrorKind::InvalidData.into())
}

/// Where the files that come are put. Without a folder they are forgotten.
struct Luggage<'a> {
    folder: Option<&'a Path>,
    file: Option<(String, File)>,
}

impl Luggage<'_> {
    /// The run's own folder, which nobody else reads.
    fn unpack_here(&self) -> Result<(), String> {
        let Some(folder) = self.folder else { return Ok(()) };
        let made = fs::create_dir(folder)
            .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
            .and_then(|()| fs::create_dir(folder.join(run::PROGRAM)))
            .and_then(|()| fs::create_dir(folder.join(run::WORK)));
        made.map_err(|why| format!("{} cannot be made there: {why}", folder.display()))
    }

    fn folder(&mut self, name: &str, mode: u32) -> Result<(), String> {
        self.file = None;
        let Some(folder) = self.folder else { return Ok(()) };
        if !safe_name(name) {
            return Err(format!("{name} is no name below the program's folder"));
        }
        let place = folder.join(name);
        let made = fs::create_dir_all(&place).and_then(|()| {
            let owner = fs::Permissions::from_mode(mode & 0o777 | 0o700);
            fs::set_permissions(&place, owner)
        });
        made.map_err(|why| format!("{name} cannot be made there: {why}"))
    }

    fn file(&mut self, name: &str, mode: u32) -> Result<(), String> {
        self.file = None;
        let Some(folder) = self.folder else { return Ok(()) };
        if !safe_name(name) {
            return Err(format!("{name} is no name below the program's folder"));
        }
        let place = folder.join(name);
        let made = place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            OpenOptions::new().write(true).create_new(true).mode(mode & 0o777).open(&place)
        });
        let file = made.map_err(|why| format!("{name} cannot be made there: {why}"))?;
        self.file = Some((name.to_string(), file));
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Some((name, file)) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|why| format!("{name} cannot be written there: {why}"))
    }
}

/// Says why nothing runs, and waits until the caller has heard it.
fn refuse(mut sender: Sender<TcpStream>, mut receiver: Receiver<TcpStream>, why: &str) {
    if sender.send(&Message::Refused(why)).is_ok() {
        let _ = receiver.stream().set_read_timeout(Some(run::FAREWELL));
        while receiver.receive().is_ok() {}
    }
}
