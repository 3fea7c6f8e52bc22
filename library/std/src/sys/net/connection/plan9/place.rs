//! Where a conversation's files are, and what they say.

use super::local_ends::{self, Key, Role, Wanted};
use super::network::Network;
use crate::io;
use crate::net::SocketAddr;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::pal::cvt_r;
use crate::sys::pal::text::Text;
use plan9_abi::addr;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

/// The number of the end that was found last; where to look first, and no more than that.
static LAST_FOUND: AtomicU32 = AtomicU32::new(NONE_FOUND);

const NONE_FOUND: u32 = u32::MAX;

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

    /// Whether this one is that end, and has not closed. `None` if there is no conversation of this
    /// number.
    ///
    /// The caller's address is enough, if it is sure to be the caller's: the kernel gives a caller
    /// a port that no other conversation has (`ip/devip.c:setlport`).
    pub fn is_end(self, wanted: Wanted) -> Option<bool> {
        let (file, other_file) = match wanted.role {
            Role::Caller => ("local", "remote"),
            Role::Answerer => ("remote", "local"),
        };
        let Key { caller, port, .. } = wanted.key;
        if self.address(file).ok()? != caller {
            return Some(false);
        }
        let called = SocketAddr::new(caller.ip(), port);
        let fits = !wanted.guessed || self.address(other_file).is_ok_and(|other| other == called);
        Some(fits && self.status().is_ok_and(|status| status.established))
    }

    /// The conversation that is that end, whose other end is this. The one that was found last is
    /// looked at first, for its number is free again as often as not; then those beside its own,
    /// for numbers are mostly given out one behind the other. Those that are known as other ends
    /// are left out.
    pub fn find_end(self, wanted: Wanted) -> Option<Place> {
        let other = |number| Place { number, ..self };
        let is_other = |number| local_ends::is_own(self.network, number);
        let last = LAST_FOUND.load(Relaxed);
        if last != NONE_FOUND
            && last != self.number
            && !is_other(last)
            && other(last).is_end(wanted) == Some(true)
        {
            return Some(other(last));
        }
        // Conversations are never taken away, so the first number that is missing is the last.
        let mut more = true;
        for distance in 1.. {
            let above = self.number.checked_add(distance).filter(|_| more);
            let below = self.number.checked_sub(distance);
            for number in [above, below].into_iter().flatten() {
                if number == last || is_other(number) {
                    continue;
                }
                match other(number).is_end(wanted) {
                    Some(true) => {
                        LAST_FOUND.store(number, Relaxed);
                        return Some(other(number));
                    }
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
