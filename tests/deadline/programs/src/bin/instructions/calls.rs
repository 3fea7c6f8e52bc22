//! A listener on a thread of its own, for calls that are given up at any instruction.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A listener that tells how many bytes each call brought.
pub struct Calls {
    pub address: SocketAddr,
    pub heard: Receiver<usize>,
}

impl Calls {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let (tell, heard) = channel();
        thread::spawn(move || {
            loop {
                let (mut stream, _) = listener.accept().expect("a call");
                let mut bytes = Vec::new();
                let n = stream.read_to_end(&mut bytes).unwrap_or(0);
                // Its descriptors are not to be counted.
                drop(stream);
                if tell.send(n).is_err() {
                    return;
                }
            }
        });
        Self { address, heard }
    }
}
