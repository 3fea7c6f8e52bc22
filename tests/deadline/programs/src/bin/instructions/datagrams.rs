//! Datagrams: one that comes or goes does so once, or is still to come, or has not gone.

use crate::{LONG, SHORT, mark};
use deadline_programs::{timed, timed_out};
use std::net::UdpSocket;
use std::time::Duration;

const WORDS: &[u8] = b"datagram";
/// What is sent behind it.
const NEXT: &[u8] = b"next";

/// Two sockets that are each other's peer.
pub struct Datagrams {
    near: UdpSocket,
    far: UdpSocket,
}

impl Datagrams {
    pub fn new() -> Self {
        let socket = || UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let (near, far) = (socket(), socket());
        near.connect(far.local_addr().expect("its address")).expect("a peer");
        far.connect(near.local_addr().expect("its address")).expect("a peer");
        far.set_read_timeout(Some(LONG)).expect("a timeout");
        Self { near, far }
    }

    /// A receive of a datagram that has come. If it timed out, `fired` is told at once how long it took. True if not.
    pub fn comes(&self, fired: impl FnOnce(Duration)) -> bool {
        self.far.send(WORDS).expect("a datagram");
        self.near.set_read_timeout(Some(LONG)).expect("a timeout");
        let mut words = [0; 16];
        mark();
        let (result, took) = timed(|| self.near.recv(&mut words));
        let done = !timed_out(&result);
        let result = if done {
            result
        } else {
            fired(took);
            // It is still there.
            self.near.set_read_timeout(None).expect("no timeout");
            self.near.recv(&mut words)
        };
        assert_eq!(&words[..result.expect("the datagram")], WORDS);
        self.assert_none();
        done
    }

    /// A receive where none has come.
    pub fn none(&self) {
        self.near.set_read_timeout(Some(SHORT)).expect("a timeout");
        mark();
        let (result, took) = timed(|| self.near.recv(&mut [0; 16]));
        assert!(timed_out(&result), "it ended with {result:?}");
        assert!(took >= SHORT, "a deadline of {SHORT:?} fired after {took:?}");
        self.assert_none();
    }

    /// A send, which counts if it said so and not otherwise.
    pub fn goes(&self, fired: impl FnOnce(Duration)) -> bool {
        self.near.set_write_timeout(Some(LONG)).expect("a timeout");
        mark();
        let (result, took) = timed(|| self.near.send(WORDS));
        let done = !timed_out(&result);
        match done {
            true => assert_eq!(result.expect("a datagram on its way"), WORDS.len()),
            false => fired(took),
        }
        self.near.set_write_timeout(None).expect("no timeout");
        self.near.send(NEXT).expect("one more");
        let mut words = [0; 16];
        if done {
            let n = self.far.recv(&mut words).expect("the datagram");
            assert_eq!(&words[..n], WORDS);
        }
        let n = self.far.recv(&mut words).expect("the next");
        assert_eq!(&words[..n], NEXT, "a datagram went although its send timed out");
        done
    }

    /// Nothing but one more datagram comes.
    fn assert_none(&self) {
        self.far.send(NEXT).expect("one more");
        self.near.set_read_timeout(None).expect("no timeout");
        let mut words = [0; 16];
        let n = self.near.recv(&mut words).expect("the next");
        assert_eq!(&words[..n], NEXT, "a datagram came twice");
    }
}
