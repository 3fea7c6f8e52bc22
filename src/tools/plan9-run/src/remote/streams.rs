//! This process's three streams, each with a thread between it and the connection.

use plan9_remote_protocol::flow::{Allowance, Queue};
use plan9_remote_protocol::wire::Sender;
use plan9_remote_protocol::{MAX_CONTENT, Message, Output};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};

/// What the threads share.
pub struct Streams {
    sender: Mutex<Sender<TcpStream>>,
    pub input: Allowance,
    stdout: Queue,
    stderr: Queue,
}

impl Streams {
    pub fn new(sender: Sender<TcpStream>) -> Streams {
        let (stdout, stderr) = (Queue::default(), Queue::default());
        Streams { sender: Mutex::new(sender), input: Allowance::default(), stdout, stderr }
    }

    pub fn send(&self, message: &Message<'_>) -> io::Result<()> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).send(message)
    }

    pub fn queue(&self, output: Output) -> &Queue {
        match output {
            Output::Stdout => &self.stdout,
            Output::Stderr => &self.stderr,
        }
    }

    /// Nothing more will come for the outputs.
    pub fn finish(&self) {
        self.stdout.finish();
        self.stderr.finish();
    }

    /// Sends what is read, as far as the other end has room, until the end or until it is not wanted. What cannot be
    /// read is an end.
    pub fn feed(&self, input: &mut impl Read) -> io::Result<()> {
        let mut buffer = vec![0; MAX_CONTENT];
        while let Some(allowed) = self.input.wait() {
            let most = allowed.min(buffer.len());
            match input.read(&mut buffer[..most]) {
                Ok(0) => return self.send(&Message::InputEnd),
                Ok(n) => {
                    self.input.spend(n);
                    self.send(&Message::Input(&buffer[..n]))?;
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.send(&Message::InputEnd),
            }
        }
        Ok(())
    }

    /// Writes what comes, until the end or until nobody reads it here; then the program is told.
    pub fn write(&self, output: Output, to: &mut impl Write) -> io::Result<()> {
        let queue = self.queue(output);
        let mut buffer = vec![0; MAX_CONTENT];
        loop {
            let n = queue.take(&mut buffer);
            if n == 0 {
                return Ok(());
            }
            if to.write_all(&buffer[..n]).and_then(|()| to.flush()).is_err() {
                queue.close();
                return self.send(&Message::Shut(output));
            }
            if let Some(bytes) = queue.room() {
                self.send(&Message::Room { output, bytes })?;
            }
        }
    }
}
