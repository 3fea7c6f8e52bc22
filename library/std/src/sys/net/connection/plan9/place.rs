//! Where a conversation's files are, and what they say.

use super::network::Network;
use crate::io;
use crate::net::SocketAddr;
use crate::sys::pal::cvt_r;
use crate::sys::pal::text::Text;
use plan9_abi::addr;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

/// Which protocol's directory it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// Its directory's name.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

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
    /// Bytes that the owner has not read.
    pub qin: u64,
    /// Bytes in the transmit queue.
    pub qout: u64,
}

/// A conversation's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub network: Network,
    pub protocol: Protocol,
    pub number: u32,
}

impl Place {
    /// The name of one of its files.
    pub fn name(self, file: &str) -> Text {
        let Self { network, protocol, number } = self;
        Text::new(format_args!("{network}/{}/{number}/{file}", protocol.name()))
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

    /// Whether this one has these addresses the other way round, or `None` if there is no conversation of this number.
    pub fn faces(self, local: SocketAddr, remote: SocketAddr) -> Option<bool> {
        let theirs = self.address("local").ok()?;
        Some(theirs == remote && self.address("remote").is_ok_and(|theirs| theirs == local))
    }

    /// The conversation that faces this one's addresses, if that is in this machine. The numbers beside its own are looked
    /// at first, for both are mostly given out one behind the other.
    pub fn other_end(self, local: SocketAddr, remote: SocketAddr) -> Option<Place> {
        if !self.network.has(remote.ip()) {
            return None;
        }
        // Conversations are never taken away, so the first number that is missing is the last.
        let mut more = true;
        for distance in 1.. {
            let above = self.number.checked_add(distance).filter(|_| more);
            let below = self.number.checked_sub(distance);
            for number in [above, below].into_iter().flatten() {
                let other = Place { number, ..self };
                match other.faces(local, remote) {
                    Some(true) => return Some(other),
                    Some(false) => {}
                    None if Some(number) == above => more = false,
                    None => {}
                }
            }
            if !more && distance >= self.number {
                break;
            }
        }
        None
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
        })
    }
}

/// The number that follows a word of `status`.
fn number_after(status: &str, word: &str) -> u64 {
    let mut words = status.split_ascii_whitespace();
    let found = words.any(|found| found == word);
    words.next().filter(|_| found).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
