//! A run: a program in surroundings of its own, from its start to when nothing of it is left.
//!
//! Four threads move bytes and wait (`streams`, `hear`, `wait`); what happens they tell the connection's own thread, which
//! alone decides ([`Run::attend`]). None of them can keep it: it waits for events with a bound.

use crate::group::Group;
use crate::house::{House, Place};
use crate::streams::Streams;
use plan9_remote_protocol::wire::{Receiver, Sender};
use plan9_remote_protocol::{Message, Output, Request};
use std::ffi::OsString;
use std::io;
use std::net::TcpStream;
use std::os::plan9::ffi::OsStringExt;
use std::os::plan9::process::{CommandExt, ExitStatusExt, Group as Surroundings, Union};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver as Events, RecvTimeoutError, Sender as Teller};
use std::thread;
use std::time::{Duration, Instant};

/// The folders in a run's own: for the program's file, and where it starts.
pub const PROGRAM: &str = "program";
pub const WORK: &str = "work";
/// How long a caller that has been told the end may take to close.
pub const FAREWELL: Duration = Duration::from_secs(5);
/// How long an output may be silent when the program has ended, and something that left its group holds the pipe.
const LINGER: Duration = Duration::from_secs(1);
/// The stack of a thread that moves bytes.
const STACK: usize = 128 << 10;

/// A program that has begun.
pub struct Run {
    house: Arc<House>,
    place: Place,
    child: Child,
    group: Group,
    /// When it is over, if it has a limit.
    until: Option<Instant>,
}

/// What the threads tell.
enum Event {
    /// The client has closed, or says what it must not.
    Gone,
    /// The program has ended with this text.
    Ended(Vec<u8>),
    /// All that was written to one of the outputs has been sent.
    Closed,
}

/// Starts the program of a request in the folder where its files lie; else says why not.
pub fn start(house: &Arc<House>, place: Place, request: Request) -> Result<Run, String> {
    let name = &request.program;
    if name.contains('/') {
        return Err(format!("{name} is no name of a program"));
    }
    let work = place.folder.join(WORK);
    let mut command = Command::new(place.folder.join(PROGRAM).join(name));
    command.args(request.args.into_iter().map(OsString::from_vec));
    for variable in request.variables {
        let name = OsString::from(variable.name);
        if variable.replaces || !house.variables.contains(&name) {
            command.env(name, OsString::from_vec(variable.value));
        }
    }
    for (new, old) in &request.binds {
        let new = if new.starts_with('#') { Path::new(new).into() } else { work.join(new) };
        command.bind(new, old, Union::Before, false);
    }
    command.note_group(true).environment(Surroundings::Copied).name_space(Surroundings::Copied);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.current_dir(work).spawn();
    let child = child.map_err(|why| format!("{name} cannot be started there: {why}"))?;
    let group = Group::of(child.id());
    place.started(group);
    let limit = request.limit.map(Duration::from_millis);
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
    house.say(format_args!("{name} runs as {}", child.id()));
    Ok(Run { house: Arc::clone(house), place, child, group, until })
}

impl Run {
    /// Attends to it until nothing of it is left, and the client knows how it ended or is gone.
    pub fn attend(self, sender: Sender<TcpStream>, receiver: Receiver<TcpStream>) {
        let Run { house, place, child, group, until } = self;
        let pid = child.id();
        let streams = Arc::new(Streams::new(sender));
        let (teller, events) = mpsc::channel();
        if let Err(why) = employ(&streams, child, receiver, group, &teller) {
            group.end();
            drop(place);
            let _ = streams.send(&Message::Refused(&format!("no thread can be had there: {why}")));
            return;
        }
        let mut watch = Watch { events, group, until, open: 2, over: false, gone: false };
        let status = watch.end();
        if !watch.gone {
            watch.drain(&streams);
        }
        drop(place);
        house.say(format_args!("{pid} has ended: {}", String::from_utf8_lossy(&status)));
        let end = Message::End { status: &status, over: watch.over };
        if !watch.gone && streams.send(&end).is_ok() {
            watch.farewell();
        }
        streams.close();
    }
}

/// The one that decides.
struct Watch {
    events: Events<Event>,
    group: Group,
    until: Option<Instant>,
    /// Outputs of which not all has been sent.
    open: usize,
    /// The time was over before the program ended.
    over: bool,
    gone: bool,
}

impl Watch {
    /// Waits for the program's end, brings it about if there is reason, and ends what is left of the group; the program's
    /// exit text.
    fn end(&mut self) -> Vec<u8> {
        loop {
            let event = match self.until {
                None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(until) => {
                    self.events.recv_timeout(until.saturating_duration_since(Instant::now()))
                }
            };
            match event {
                Ok(Event::Ended(status)) => {
                    self.group.end();
                    return status;
                }
                Ok(Event::Closed) => {
                    self.open -= 1;
                    continue;
                }
                Ok(Event::Gone) => self.gone = true,
                Err(RecvTimeoutError::Timeout) => self.over = true,
                Err(RecvTimeoutError::Disconnected) => return b"no wait record".to_vec(),
            }
            self.until = None;
            if !self.group.end() {
                return b"cannot be ended".to_vec();
            }
        }
    }

    /// Waits until all that the program wrote is sent. What left its group may hold a pipe open: where nothing comes of
    /// it for a while, it is not waited for, nor when the time is over.
    fn drain(&mut self, streams: &Streams) {
        let reads = || [streams.stdout.reading(), streams.stderr.reading()];
        let mut before = [None; 2];
        while self.open > 0 && !self.gone {
            match self.events.recv_timeout(LINGER) {
                Ok(Event::Closed) => self.open -= 1,
                Ok(Event::Gone) => self.gone = true,
                Ok(Event::Ended(_)) => {}
                Err(_) => {
                    let now = reads();
                    let silent = now.iter().flatten().count() == self.open && now == before;
                    before = now;
                    let late = self.until.is_some_and(|until| Instant::now() > until);
                    if silent || late || self.over {
                        return;
                    }
                }
            }
        }
    }

    /// Waits until the client has closed, so that what was said last is not lost.
    fn farewell(&mut self) {
        let start = Instant::now();
        while let Some(left) = FAREWELL.checked_sub(start.elapsed()) {
            match self.events.recv_timeout(left) {
                Ok(Event::Gone) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

/// Gives each stream, the client's messages and the program's end a thread of its own.
fn employ(
    streams: &Arc<Streams>,
    mut child: Child,
    mut receiver: Receiver<TcpStream>,
    group: Group,
    teller: &Teller<Event>,
) -> io::Result<()> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let mine = Arc::clone(streams);
    spawn(teller, move |_| {
        let _ = mine.feed(stdin);
    })?;
    let mine = Arc::clone(streams);
    spawn(teller, move |teller| {
        let _ = mine.drain(Output::Stdout, stdout);
        let _ = teller.send(Event::Closed);
    })?;
    let mine = Arc::clone(streams);
    spawn(teller, move |teller| {
        let _ = mine.drain(Output::Stderr, stderr);
        let _ = teller.send(Event::Closed);
    })?;
    let mine = Arc::clone(streams);
    spawn(teller, move |teller| {
        while let Ok(message) = receiver.receive()
            && hear(&mine, group, &message).is_ok()
        {}
        let _ = teller.send(Event::Gone);
    })?;
    spawn(teller, move |teller| {
        let status = child.wait();
        let status = status.map_or(b"no wait record".to_vec(), |status| status.text().to_vec());
        let _ = teller.send(Event::Ended(status));
    })
}

fn spawn(
    teller: &Teller<Event>,
    work: impl FnOnce(Teller<Event>) + Send + 'static,
) -> io::Result<()> {
    let teller = teller.clone();
    thread::Builder::new().stack_size(STACK).spawn(move || work(teller)).map(drop)
}

/// Does what the client says while the program runs; never waits for the program.
fn hear(streams: &Streams, group: Group, message: &Message<'_>) -> io::Result<()> {
    match *message {
        Message::Input(bytes) => streams.input.push(bytes)?,
        Message::InputEnd => streams.input.finish(),
        Message::Room { output, bytes } => streams.track(output).allowance.add(bytes)?,
        Message::Shut(output) => streams.track(output).allowance.close(),
        Message::Note(text) => group.post(text),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    }
    Ok(())
}
