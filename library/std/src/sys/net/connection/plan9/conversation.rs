//! One conversation's files.

use crate::io;
use crate::net::SocketAddr;
use crate::sys::fd::FileDesc;
use crate::sys::pal::deadline::operation::{self, Bound, Deadline};
use crate::sys::pal::text::Text;
use crate::sys::pal::{cvt, last_error};
use plan9_abi::addr::{self, Text as AddressText};
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// The most conversations of a protocol (`ip/tcp.c:tcpinit`, four times 1024 on a cpu server).
const CONVERSATIONS: u32 = 4096;

/// How often a call that a note broke is looked after, in milliseconds.
const CONNECT_LOOK_MS: u32 = 1;

/// What `status` says, as far as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// `Established` or `Close_wait`.
    pub established: bool,
    /// The peer has closed, and the kernel says so: it does not where both ends are inside the machine.
    pub close_wait: bool,
    pub closed: bool,
    /// Announced.
    pub listening: bool,
    /// Bytes in the transmit queue.
    pub qout: u64,
}

/// Which protocol's directory it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// Its directory's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// An open `ctl`, and `data` once there is one. Both are closed when it is dropped.
#[derive(Debug)]
pub struct Conversation {
    pub(super) protocol: Protocol,
    pub number: u32,
    // Closed first.
    pub(super) data: Option<FileDesc>,
    pub(super) ctl: FileDesc,
}

impl Conversation {
    /// A fresh one.
    pub fn new(protocol: Protocol) -> io::Result<Self> {
        let name = Text::new(format_args!("/net/{}/clone", protocol.name()));
        let ctl = cvt(file::open(name.as_c_str(), open::RDWR | open::CEXEC))?;
        Self::of_ctl(protocol, FileDesc::new(ctl))
    }

    /// The one whose `ctl` this is.
    pub(super) fn of_ctl(protocol: Protocol, ctl: FileDesc) -> io::Result<Self> {
        let mut text = [0; 16];
        let n = cvt(file::pread(ctl.raw(), &mut text, 0))?;
        let digits = text[..n].iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |number, &digit| number * 10 + u32::from(digit - b'0'));
        Ok(Self { protocol, number, data: None, ctl })
    }

    /// Writes a command.
    pub fn command(&self, text: &[u8]) -> io::Result<()> {
        cvt(file::write(self.ctl.raw(), text)).map(drop)
    }

    /// Calls an address; `TimedOut` if there is no answer before the deadline.
    pub fn connect(&mut self, to: &SocketAddr, deadline: Option<Deadline>) -> io::Result<()> {
        let command = Text::new(format_args!("connect {}", AddressText(*to)));
        let answered = operation::command(self.ctl.raw(), command.as_bytes(), &deadline)?;
        // The kernel's answer can be late or too good, and a call that was broken goes on without us: how the
        // conversation stands is what counts.
        loop {
            let status = self.status()?;
            if status.established {
                break;
            }
            if answered || status.closed {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
            }
            operation::over(deadline.wait().0).map_or(Ok(()), Err)?;
            let _ = process::sleep(CONNECT_LOOK_MS);
        }
        self.open_data()
    }

    /// Opens `data`.
    pub fn open_data(&mut self) -> io::Result<()> {
        let name = self.name("data");
        self.data =
            Some(FileDesc::new(cvt(file::open(name.as_c_str(), open::RDWR | open::CEXEC))?));
        Ok(())
    }

    /// Takes the next call to an announced conversation.
    pub fn listen(&self, bound: &impl Bound) -> io::Result<Self> {
        let name = self.name("listen");
        let ctl = operation::open(name.as_c_str(), open::RDWR | open::CEXEC, bound)?;
        let mut call = Self::of_ctl(self.protocol, FileDesc::new(ctl))?;
        call.open_data()?;
        Ok(call)
    }

    /// The number of `data`.
    pub fn data(&self) -> i32 {
        self.data.as_ref().map_or(-1, FileDesc::raw)
    }

    pub(super) fn name(&self, file: &str) -> Text {
        name(self.protocol, self.number, file)
    }

    /// The address in `local` or `remote`.
    pub fn address(&self, file: &str) -> io::Result<SocketAddr> {
        address(self.protocol, self.number, file)
    }

    /// The conversation at the other end, if that is in this machine: the one with our addresses the other way round.
    pub fn peer_inside(&self) -> io::Result<Option<u32>> {
        let (local, remote) = (self.address("local")?, self.address("remote")?);
        let is_peer = |&number: &u32| {
            let says = |file| address(self.protocol, number, file).ok();
            says("local") == Some(remote) && says("remote") == Some(local)
        };
        Ok((0..CONVERSATIONS).filter(|&number| number != self.number).find(is_peer))
    }

    /// Bytes that a TCP conversation's owner has not read.
    pub fn unread_of(number: u32) -> io::Result<u64> {
        let mut buf = [0; 512];
        let status = read_file(Protocol::Tcp, number, "status", &mut buf)?;
        let unread = after(status, "qin").and_then(|digits| digits.parse().ok());
        unread.ok_or(io::const_error!(io::ErrorKind::InvalidData, "no queue in status"))
    }

    /// Reads `status`.
    pub fn status(&self) -> io::Result<Status> {
        let mut buf = [0; 512];
        let text = read_file(self.protocol, self.number, "status", &mut buf)?;
        Ok(Status {
            established: text.starts_with("Established") || text.starts_with("Close_wait"),
            close_wait: text.starts_with("Close_wait"),
            closed: text.starts_with("Closed"),
            listening: text.starts_with("Listen"),
            qout: after(text, "qout").and_then(|digits| digits.parse().ok()).unwrap_or(0),
        })
    }
}

/// The word that follows a word of `status`.
fn after<'a>(status: &'a str, word: &str) -> Option<&'a str> {
    let mut words = status.split_ascii_whitespace();
    words.find(|&found| found == word)?;
    words.next()
}

pub(super) fn name(protocol: Protocol, number: u32, file: &str) -> Text {
    Text::new(format_args!("/net/{}/{number}/{file}", protocol.name()))
}

/// Reads a file of a conversation's; what is not text is nothing.
fn read_file<'a>(
    protocol: Protocol,
    number: u32,
    file: &str,
    buf: &'a mut [u8],
) -> io::Result<&'a str> {
    let name = name(protocol, number, file);
    let fd = cvt(file::open(name.as_c_str(), open::READ | open::CEXEC))?;
    let read = file::read(fd, buf).map_err(|_| last_error());
    let _ = file::close(fd);
    Ok(crate::str::from_utf8(&buf[..read?]).unwrap_or(""))
}

fn address(protocol: Protocol, number: u32, file: &str) -> io::Result<SocketAddr> {
    let mut buf = [0; 128];
    let text = read_file(protocol, number, file, &mut buf)?;
    addr::parse(text.as_bytes())
        .ok_or(io::const_error!(io::ErrorKind::InvalidData, "the network says no address"))
}
