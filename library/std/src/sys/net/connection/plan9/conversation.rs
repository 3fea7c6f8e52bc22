//! A conversation: its open files, and the commands that its `ctl` takes (man 3/ip).

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::conv_path::{ConvPath, Status};
use super::end_key::{Key, Role, Wanted};
use super::local_ends::End;
use super::network::{Network, Protocol};
use super::socket::Socket;
use super::{local_ends, timed_io};
use crate::io;
use crate::net::SocketAddr;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sys::FromInner;
use crate::sys::fd::FileDesc;
use crate::sys::pal::deadline::bound::Bound;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::{cvt, cvt_r};

/// An open `ctl`, and `data` once there is one. Both are closed when it is dropped.
#[derive(Debug)]
pub struct Conversation {
    pub place: ConvPath,
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
        let name = SmallCStr::new(format_args!("{network}/{}/clone", protocol.name()));
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
            place: ConvPath { network, protocol, number },
            data: None,
            ctl: Some(ctl),
            end: None,
        })
    }

    /// Writes a command that can be given twice.
    pub fn command(&self, text: &[u8]) -> io::Result<()> {
        cvt_r(|| file::write(self.ctl().raw(), text)).map(drop)
    }

    /// Sets `ttl` and keeps it. The kernel does not check the value.
    pub fn set_ttl(&self, kept: &AtomicU32, ttl: u32) -> io::Result<()> {
        if ttl > 255 {
            return Err(io::const_error!(io::ErrorKind::InvalidInput, "a ttl is at most 255"));
        }
        let command = SmallCStr::new(format_args!("ttl {ttl}"));
        self.command(command.as_bytes())?;
        kept.store(ttl, SeqCst);
        Ok(())
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
        let ctl = timed_io::open(name.as_c_str(), open::RDWR | open::CEXEC, bound)?;
        let ConvPath { network, protocol, .. } = self.place;
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

    /// `data`, which a conversation of a stream or a socket always has.
    pub(super) fn data_file(&self) -> &FileDesc {
        self.data.as_ref().expect("data is open")
    }

    /// Gives `data` away; the conversation itself is only to be dropped then.
    pub(super) fn take_data(&mut self) -> Socket {
        Socket::from_inner(self.data.take().expect("data is open"))
    }
}
