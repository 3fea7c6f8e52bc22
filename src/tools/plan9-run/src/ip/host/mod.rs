//! The machine's wire to the host: sockets that do not block, in one epoll, and what the host's refusals are called here.
//!
//! Nothing here but [`way`] and [`socket`] knows a protocol. A socket is watched under a number; when the host has news
//! of it, [`Host::news`] gives the number and the events, and the protocol does the rest.

pub mod serve;
pub mod socket;
pub mod way;

use crate::dev::{Error, error};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// News that one look takes in.
const BATCH: usize = 64;

/// A port of the host whose calls come to the machine.
pub struct Published {
    pub listener: TcpListener,
    /// The machine's port.
    pub port: u16,
    /// Its number among what is watched.
    pub id: u64,
}

/// What is watched, and the ports that were published.
#[derive(Default)]
pub struct Host {
    /// Made with the first socket.
    epoll: Option<OwnedFd>,
    last_id: u64,
    pub published: Vec<Published>,
}

impl Host {
    /// The descriptor that is readable while there are news, once anything is watched.
    pub fn fd(&self) -> Option<RawFd> {
        self.epoll.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Watches a socket; gives its number. It is forgotten when it is closed.
    pub fn watch(&mut self, socket: impl AsFd, events: EventFlags) -> io::Result<u64> {
        if self.epoll.is_none() {
            self.epoll = Some(epoll::create(CreateFlags::CLOEXEC)?);
        }
        self.last_id += 1;
        if let Some(epoll) = &self.epoll {
            epoll::add(epoll, socket, EventData::new_u64(self.last_id), events)?;
        }
        Ok(self.last_id)
    }

    /// Watches a socket for other events from now on.
    pub fn rewatch(&self, socket: impl AsFd, id: u64, events: EventFlags) -> io::Result<()> {
        if let Some(epoll) = &self.epoll {
            epoll::modify(epoll, socket, EventData::new_u64(id), events)?;
        }
        Ok(())
    }

    /// Watches a socket no more.
    pub fn unwatch(&self, socket: impl AsFd) {
        if let Some(epoll) = &self.epoll {
            let _ = epoll::delete(epoll, socket);
        }
    }

    /// What has happened, without waiting.
    pub fn news(&self) -> Vec<(u64, EventFlags)> {
        let Some(epoll) = &self.epoll else { return Vec::new() };
        let mut events: Vec<Event> = Vec::with_capacity(BATCH);
        let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        if epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), Some(&none)).is_err() {
            return Vec::new();
        }
        events.iter().map(|event| (event.data.u64(), event.flags)).collect()
    }

    /// Waits until there are news; false if there were none in that time, or Ctrl-C was typed. That a process ended is
    /// no news here.
    pub fn wait(&self, at_most: Duration) -> bool {
        let Some(fd) = self.fd() else { return false };
        let mut fds = [libc::pollfd { fd, events: libc::POLLIN, revents: 0 }];
        let timeout = libc::timespec {
            tv_sec: at_most.as_secs() as i64,
            tv_nsec: i64::from(at_most.subsec_nanos()),
        };
        // SAFETY: all pointers are to live values; the set is initialised by sigemptyset.
        unsafe {
            let mut held: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut held);
            libc::sigaddset(&mut held, libc::SIGCHLD);
            libc::ppoll(fds.as_mut_ptr(), 1, &timeout, &held) > 0
        }
    }
}

/// What the kernel calls the failure of a call (`ip/tcp.c`, `ip/icmp.c`, `ip/ipaux.c`).
pub fn call_failed(why: &io::Error) -> Error {
    match why.raw_os_error().unwrap_or(0) {
        libc::ETIMEDOUT => error("connection timed out"),
        libc::EHOSTUNREACH | libc::EHOSTDOWN => error("host unreachable"),
        libc::ENETUNREACH | libc::ENETDOWN | libc::EINVAL | libc::EAFNOSUPPORT => error("no route"),
        libc::EADDRNOTAVAIL => error("no ports available"),
        libc::EACCES | libc::EPERM => error("permission denied"),
        libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM => error("no free devices"),
        _ => error("connection refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::call_failed;
    use std::io;

    #[test]
    fn refusals_of_the_host_have_the_kernels_texts() {
        for (errno, text) in [
            (libc::ECONNREFUSED, "connection refused"),
            (libc::ECONNRESET, "connection refused"),
            (libc::ETIMEDOUT, "connection timed out"),
            (libc::ENETUNREACH, "no route"),
            (libc::EHOSTUNREACH, "host unreachable"),
            (libc::EADDRNOTAVAIL, "no ports available"),
            (libc::EMFILE, "no free devices"),
        ] {
            let error = call_failed(&io::Error::from_raw_os_error(errno));
            assert_eq!(error.0, text, "{errno}");
            assert!(plan9_abi::errors::classify(text).is_some(), "{text}");
        }
    }
}
