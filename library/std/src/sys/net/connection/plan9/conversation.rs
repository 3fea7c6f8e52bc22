//! One conversation's files.

use super::network::Network;
use super::place::{Place, Protocol, Status};
use crate::io;
use crate::net::SocketAddr;
use crate::sys::fd::FileDesc;
use crate::sys::pal::deadline::operation::{self, Bound, Deadline};
use crate::sys::pal::text::Text;
use crate::sys::pal::{cvt, cvt_r};
use plan9_abi::addr::Text as AddressText;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// How often a call that a note broke is looked after, in milliseconds.
const CONNECT_LOOK_MS: u32 = 1;

/// An open `ctl`, and `data` once there is one. Both are closed when it is dropped.
#[derive(Debug)]
pub struct Conversation {
    pub place: Place,
    // Closed first.
    pub(super) data: Option<FileDesc>,
    /// There until the conversation is given up.
    pub(super) ctl: Option<FileDesc>,
}

impl Conversation {
    /// A fresh one.
    pub fn new(protocol: Protocol) -> io::Result<Self> {
        let network = Network::current();
        let name = Text::new(format_args!("{network}/{}/clone", protocol.name()));
        let ctl = cvt_r(|| file::open(name.as_c_str(), open::RDWR | open::CEXEC))?;
        Self::of_ctl(network, protocol, FileDesc::new(ctl))
    }

    /// The one whose `ctl` this is.
    pub fn of_ctl(network: Network, protocol: Protocol, ctl: FileDesc) -> io::Result<Self> {
        let mut text = [0; 16];
        let n = cvt_r(|| file::pread(ctl.raw(), &mut text, 0))?;
        let digits = text[..n].iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |number, &digit| number * 10 + u32::from(digit - b'0'));
        Ok(Self { place: Place { network, protocol, number }, data: None, ctl: Some(ctl) })
    }

    /// Writes a command that can be given twice.
    pub fn command(&self, text: &[u8]) -> io::Result<()> {
        cvt_r(|| file::write(self.ctl().raw(), text)).map(drop)
    }

    /// Gives the conversation its own address, by an announcement or by a datagram protocol's connect, neither of which
    /// can be given twice. A note that is pending breaks the kernel's last look at what has been done already
    /// (`port/proc.c:sleep`).
    pub fn settle(&self, command: &[u8]) -> io::Result<()> {
        loop {
            match cvt(file::write(self.ctl().raw(), command)) {
                Err(why) if why.is_interrupted() => {
                    if self.address("local")?.port() != 0 {
                        return Ok(());
                    }
                }
                result => return result.map(drop),
            }
        }
    }

    /// Calls an address; `TimedOut` if there is no answer before the deadline. One that failed is to be given up.
    pub fn connect(&mut self, to: &SocketAddr, deadline: Option<Deadline>) -> io::Result<()> {
        let command = Text::new(format_args!("connect {}", AddressText(*to)));
        let answered = operation::command(self.ctl().raw(), command.as_bytes(), &deadline)?;
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
        let name = self.place.name("data");
        let data = cvt_r(|| file::open(name.as_c_str(), open::RDWR | open::CEXEC))?;
        self.data = Some(FileDesc::new(data));
        Ok(())
    }

    /// Takes the next call to an announced conversation.
    pub fn listen(&self, bound: &impl Bound) -> io::Result<Self> {
        let name = self.place.name("listen");
        let ctl = operation::open(name.as_c_str(), open::RDWR | open::CEXEC, bound)?;
        let Place { network, protocol, .. } = self.place;
        let mut call = Self::of_ctl(network, protocol, FileDesc::new(ctl))?;
        call.open_data()?;
        Ok(call)
    }

    /// `ctl`.
    pub fn ctl(&self) -> &FileDesc {
        self.ctl.as_ref().expect("ctl is open")
    }

    /// The number of `data`.
    pub fn data(&self) -> i32 {
        self.data.as_ref().map_or(-1, FileDesc::raw)
    }

    /// The address in `local` or `remote`.
    pub fn address(&self, file: &str) -> io::Result<SocketAddr> {
        self.place.address(file)
    }

    /// The conversation at the other end, if that is in this machine: the one with our addresses the other way round.
    pub fn peer_inside(&self) -> io::Result<Option<Place>> {
        let (local, remote) = (self.address("local")?, self.address("remote")?);
        Ok(self.place.other_end(local, remote))
    }

    /// Reads `status`.
    pub fn status(&self) -> io::Result<Status> {
        self.place.status()
    }
}
