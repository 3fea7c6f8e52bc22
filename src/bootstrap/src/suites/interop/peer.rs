//! A peer of a program: a listener on the host's loopback and a thread that serves one caller.

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::net::sockopt;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A program that does not call, or says nothing, for so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A peer, until its caller has been served.
pub struct Peer {
    pub port: u16,
    thread: JoinHandle<Result<String>>,
}

impl Peer {
    /// Serves one caller; what `serve` gives is compared or shown.
    pub fn new(serve: impl FnOnce(TcpStream) -> Result<String> + Send + 'static) -> Result<Peer> {
        Peer::of(listener()?, serve)
    }

    /// The same with a receive buffer so small that the window is not scaled, in bytes.
    pub fn with_buffer(
        bytes: usize,
        serve: impl FnOnce(TcpStream) -> Result<String> + Send + 'static,
    ) -> Result<Peer> {
        let listener = listener()?;
        sockopt::set_socket_recv_buffer_size(&listener, bytes)?;
        Peer::of(listener, serve)
    }

    fn of(
        listener: TcpListener,
        serve: impl FnOnce(TcpStream) -> Result<String> + Send + 'static,
    ) -> Result<Peer> {
        let port = listener.local_addr()?.port();
        let thread = thread::spawn(move || {
            let stream = accept(&listener)?;
            drop(listener);
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            serve(stream)
        });
        Ok(Peer { port, thread })
    }

    /// What the peer saw.
    pub fn end(self) -> Result<String> {
        self.thread.join().map_err(|_| anyhow!("the peer panicked"))?.context("the peer")
    }
}

pub fn listener() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// The next caller; fails if none comes.
pub fn accept(listener: &TcpListener) -> Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(why) if why.kind() == ErrorKind::WouldBlock && start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(why) => bail!("nobody called: {why}"),
        }
    }
}

/// The close that follows is a reset.
pub fn reset(stream: TcpStream) -> Result<()> {
    Ok(sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?)
}

/// The byte at a place of every stream; `tests/interop` computes the same.
pub fn byte_at(place: u64) -> u8 {
    (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

/// Reads to the end of the stream in fits: so many bytes, then a pause. Checks every byte; gives their number.
pub fn read_in_fits(stream: &mut TcpStream, fit: usize, pause: Duration) -> Result<u64> {
    let (mut place, mut left) = (0, fit);
    let mut buffer = vec![0; 32 << 10];
    loop {
        let wanted = left.min(buffer.len());
        let n = stream.read(&mut buffer[..wanted]).with_context(|| format!("after {place}"))?;
        if n == 0 {
            return Ok(place);
        }
        for &byte in &buffer[..n] {
            ensure!(byte == byte_at(place), "the byte at {place} is another one's");
            place += 1;
        }
        left -= n;
        if left == 0 {
            left = fit;
            thread::sleep(pause);
        }
    }
}
