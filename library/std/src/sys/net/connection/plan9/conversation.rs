//! One conversation's files.

use super::local_ends::{self, End, Key, Role, Wanted};
use super::network::Network;
use super::place::{Place, Protocol, Status};
use super::splice_race;
use crate::io;
use crate::net::SocketAddr;
use crate::sys::fd::FileDesc;
use crate::sys::pal::deadline::operation::{self, Bound, Deadline};
use crate::sys::pal::text::Text;
use crate::sys::pal::{cvt, cvt_r};
use plan9_abi::addr::Text as AddressText;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// The longest pause between looks at a call that a note broke, in milliseconds.
const LONGEST_PAUSE_MS: u32 = 32;

/// What became of a call.
pub enum Connected {
    /// It stands. A byte had to be read to see that; `Some(None)` is the stream's end.
    Stands(Option<Option<u8>>),
    /// It failed after a note had broken it, and nobody can say why.
    Lost,
}

/// An open `ctl`, and `data` once there is one. Both are closed when it is dropped.
#[derive(Debug)]
pub struct Conversation {
    pub place: Place,
    // Closed first.
    pub(super) data: Option<FileDesc>,
    /// There until the conversation is given up.
    pub(super) ctl: Option<FileDesc>,
    /// Of a stream whose other end is inside this machine.
    pub(super) end: Option<End>,
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
        Ok(Self {
            place: Place { network, protocol, number },
            data: None,
            ctl: Some(ctl),
            end: None,
        })
    }

    /// Writes a command that can be given twice.
    pub fn command(&self, text: &[u8]) -> io::Result<()> {
        cvt_r(|| file::write(self.ctl().raw(), text)).map(drop)
    }

    /// Gives the conversation its own address, by an announcement or by a datagram protocol's
    /// connect, neither of which can be given twice. A note that is pending breaks the kernel's
    /// last look at what has been done already (`port/proc.c:sleep`).
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

    /// Calls an address; `TimedOut` if there is no answer before the deadline. One that failed is
    /// to be given up.
    pub fn connect(
        &mut self,
        to: &SocketAddr,
        deadline: Option<Deadline>,
    ) -> io::Result<Connected> {
        let command = Text::new(format_args!("connect {}", AddressText(*to)));
        if !operation::command(self.ctl().raw(), command.as_bytes(), &deadline)?
            && !self.await_answer(deadline)?
        {
            return Ok(Connected::Lost);
        }
        // The kernel gives a call to this machine the address that it calls as its own.
        let local = self.address("local")?;
        let mut read = None;
        if local.ip() == to.ip().to_canonical() {
            let network = self.place.network;
            let key = Key { network, caller: local, port: to.port() };
            let answerer = splice_race::await_answerer(self, key, deadline)?;
            read = answerer.read;
            let wanted = Wanted { key, role: Role::Caller, guessed: false };
            self.end = End::enter(wanted, self.place.number);
            if let (Some(end), Some(place)) = (&self.end, answerer.place) {
                end.found_other(place.number);
            }
        }
        if self.data.is_none() {
            self.open_data()?;
        }
        Ok(Connected::Stands(read))
    }

    /// Waits for the answer to a call that was broken and goes on without us: false if it failed.
    fn await_answer(&self, deadline: Option<Deadline>) -> io::Result<bool> {
        let mut pause_ms = 1;
        loop {
            let status = self.status()?;
            if status.established || status.closed {
                return Ok(status.established);
            }
            let wait = deadline.wait().0;
            operation::over(wait).map_or(Ok(()), Err)?;
            let _ = process::sleep(pause_ms.min(operation::left_ms(wait)));
            pause_ms = (2 * pause_ms).min(LONGEST_PAUSE_MS);
        }
    }

    /// Opens `data`.
    pub fn open_data(&mut self) -> io::Result<()> {
        let name = self.place.name("data");
        let data = cvt_r(|| file::open(name.as_c_str(), open::RDWR | open::CEXEC))?;
        self.data = Some(FileDesc::new(data));
        Ok(())
    }

    /// Takes the next call to an announced conversation. Its `data` is still to be opened.
    pub fn listen(&self, bound: &impl Bound) -> io::Result<Self> {
        let name = self.place.name("listen");
        let ctl = operation::open(name.as_c_str(), open::RDWR | open::CEXEC, bound)?;
        let Place { network, protocol, .. } = self.place;
        Self::of_ctl(network, protocol, FileDesc::new(ctl))
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

    /// Knows the other end, where that is inside this machine, of a conversation that came as a
    /// descriptor. False if another descriptor of this program stands for it already.
    pub fn meet_other_end(&mut self) -> io::Result<bool> {
        let (local, remote) = (self.address("local")?, self.address("remote")?);
        let network = self.place.network;
        if local.ip() != remote.ip() {
            return Ok(true);
        }
        let called = Key { network, caller: local, port: remote.port() };
        let answered = Key { network, caller: remote, port: local.port() };
        let (key, role, guessed) = match local_ends::number(answered, Role::Caller) {
            Some(_) => (answered, Role::Answerer, false),
            None => (called, Role::Caller, local_ends::number(called, Role::Answerer).is_none()),
        };
        self.end = End::enter(Wanted { key, role, guessed }, self.place.number);
        Ok(self.end.is_some())
    }

    /// Reads `status`.
    pub fn status(&self) -> io::Result<Status> {
        self.place.status()
    }
}
