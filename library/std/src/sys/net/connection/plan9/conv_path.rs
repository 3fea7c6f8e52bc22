//! The directory of a conversation, and what its files say (man 3/ip).

use plan9_abi::addr;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::network::{Network, Protocol};
use crate::io;
use crate::net::SocketAddr;
use crate::sys::pal::cvt_r;
use crate::sys::pal::small_cstr::SmallCStr;

/// What `status` says, as far as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// `Established` or `Close_wait`.
    pub established: bool,
    /// The peer has closed, and the kernel says so: it does not where both ends are inside the
    /// machine.
    pub close_wait: bool,
    pub closed: bool,
    /// Announced.
    pub listening: bool,
    /// Bytes that the owner has not read.
    pub qin: u64,
    /// Bytes in the transmit queue.
    pub qout: u64,
    /// In the words of a kernel before 2025-10-18, which splices nothing.
    pub is_old: bool,
}

impl Status {
    /// What a conversation says that the kernel has spliced: it stays established when its other
    /// end has closed, and queues nothing.
    pub fn may_be_spliced(&self) -> bool {
        self.established && !self.close_wait && self.qout == 0
    }
}

/// A conversation's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvPath {
    pub network: Network,
    pub protocol: Protocol,
    pub number: u32,
}

impl ConvPath {
    /// The name of one of its files.
    pub fn name(self, file: &str) -> SmallCStr {
        let Self { network, protocol, number } = self;
        SmallCStr::new(format_args!("{network}/{}/{number}/{file}", protocol.name()))
    }

    /// Reads a file; what is not text is nothing.
    fn read<'a>(self, file: &str, buf: &'a mut [u8]) -> io::Result<&'a str> {
        let name = self.name(file);
        let fd = cvt_r(|| file::open(name.as_c_str(), open::READ | open::CEXEC))?;
        let read = cvt_r(|| file::read(fd, buf));
        let _ = file::close(fd);
        Ok(crate::str::from_utf8(&buf[..read?]).unwrap_or(""))
    }

    /// The address in `local` or `remote`.
    pub fn address(self, file: &str) -> io::Result<SocketAddr> {
        let mut buf = [0; 128];
        let text = self.read(file, &mut buf)?;
        addr::parse(text.as_bytes())
            .ok_or(io::const_error!(io::ErrorKind::InvalidData, "the network says no address"))
    }

    /// Reads `status`.
    pub fn status(self) -> io::Result<Status> {
        let mut buf = [0; 512];
        let text = self.read("status", &mut buf)?;
        Ok(Status {
            established: text.starts_with("Established") || text.starts_with("Close_wait"),
            close_wait: text.starts_with("Close_wait"),
            closed: text.starts_with("Closed"),
            listening: text.starts_with("Listen"),
            qin: number_after(text, "qin"),
            qout: number_after(text, "qout"),
            is_old: text.contains(" qscale "),
        })
    }
}

/// The number that follows a word of `status`.
fn number_after(status: &str, word: &str) -> u64 {
    let mut words = status.split_ascii_whitespace();
    let found = words.any(|found| found == word);
    words.next().filter(|_| found).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
