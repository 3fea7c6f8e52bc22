//! The program's three streams, each with a thread between its pipe and the connection.

use plan9_remote_protocol::flow::{Allowance, Queue};
use plan9_remote_protocol::wire::Sender;
use plan9_remote_protocol::{MAX_CONTENT, Message, Output};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the threads of a run share.
pub struct Streams {
    sender: Mutex<Sender<TcpStream>>,
    pub input: Queue,
    pub stdout: Track,
    pub stderr: Track,
}

/// An output on its way.
#[derive(Default)]
pub struct Track {
    pub allowance: Allowance,
    /// Grows before and after each read of the pipe: odd while one is under way. Relaxed, for it guards nothing: it is
    /// looked at twice, far apart, to see whether a read has made no progress.
    reads: AtomicU64,
}

impl Track {
    /// The read that is under way.
    pub fn reading(&self) -> Option<u64> {
        let reads = self.reads.load(Ordering::Relaxed);
        (reads % 2 == 1).then_some(reads)
    }
}

impl Streams {
    pub fn new(sender: Sender<TcpStream>) -> Streams {
        let sender = Mutex::new(sender);
        let (stdout, stderr) = (Track::default(), Track::default());
        Streams { sender, input: Queue::default(), stdout, stderr }
    }

    pub fn send(&self, message: &Message<'_>) -> io::Result<()> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).send(message)
    }

    pub fn track(&self, output: Output) -> &Track {
        match output {
            Output::Stdout => &self.stdout,
            Output::Stderr => &self.stderr,
        }
    }

    /// Nobody sends or takes anything any more.
    pub fn close(&self) {
        self.input.close();
        self.stdout.allowance.close();
        self.stderr.allowance.close();
    }

    /// Passes on what comes for standard input, until its end or until the program does not read it.
    pub fn feed(&self, mut pipe: ChildStdin) -> io::Result<()> {
        let mut buffer = vec![0; MAX_CONTENT];
        loop {
            let n = self.input.take(&mut buffer);
            if n == 0 {
                return Ok(());
            }
            if pipe.write_all(&buffer[..n]).is_err() {
                self.input.close();
                return self.send(&Message::InputShut);
            }
            if let Some(room) = self.input.room() {
                self.send(&Message::InputRoom(room))?;
            }
        }
    }

    /// Passes on what the program writes, until it is at its end or nobody wants it.
    pub fn drain(&self, output: Output, mut pipe: impl Read) -> io::Result<()> {
        let track = self.track(output);
        let mut buffer = vec![0; MAX_CONTENT];
        while let Some(allowed) = track.allowance.wait() {
            let most = allowed.min(buffer.len());
            track.reads.fetch_add(1, Ordering::Relaxed);
            let read = pipe.read(&mut buffer[..most]);
            track.reads.fetch_add(1, Ordering::Relaxed);
            match read {
                Ok(0) => break,
                Ok(n) => {
                    track.allowance.spend(n);
                    self.send(&Message::Output { output, bytes: &buffer[..n] })?;
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}
