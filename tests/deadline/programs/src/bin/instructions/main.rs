//! One timed operation a round, under `plan9-run --inject`: whatever is posted at whatever instruction, the outcome is
//! one that the deadline and the bytes allow, every byte counts once, and what comes next is undisturbed.
//!
//! `instructions OPERATION ROUNDS [deadline]`: so many rounds at most, until every point was hit. With the last word a
//! deadline may be posted, else it may not fire.

mod calls;
mod datagrams;

use calls::Calls;
use datagrams::Datagrams;
use deadline_programs::{
    Account, assert_undisturbed, descriptors, eventually, pair, panics_end_the_program, posted,
    timed, timed_out, watch, watched,
};
use plan9_abi::sys::process;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::plan9::net::TcpListenerExt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Every point has been hit.
static COMPLETE: AtomicBool = AtomicBool::new(false);
/// Never reached by waiting.
const LONG: Duration = Duration::from_secs(60);
/// Reached in every round that nothing else ends.
const SHORT: Duration = Duration::from_millis(4);
/// A piece that std hands the kernel whole.
const PIECE: usize = 48 << 10;
/// Rounds of a full queue before it is emptied: std's account of interrupted writes allows more.
const FULL_ROUNDS: u64 = 8;
/// What a conversation inside the machine holds at least when it is full, in bytes.
const FULL: usize = 262_144;

fn main() {
    panics_end_the_program();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [operation, rounds, rest @ ..] = &args[..] else { panic!("OPERATION ROUNDS [deadline]") };
    let rounds: u64 = rounds.parse().expect("a number of rounds");
    let rounds = (0..rounds).take_while(|_| !COMPLETE.load(Relaxed));
    let may_fire = rest.first().is_some_and(|word| word == "deadline");
    let notes = watch();
    let mut test = Test::new(may_fire);
    // What a program has once: the deadline thread, a note file, a clock.
    warm_up(&mut test);
    let before = descriptors();
    match operation.as_str() {
        "read-data" => rounds.for_each(|_| test.read_data()),
        "read-wait" => rounds.for_each(|_| test.read_wait()),
        "read-empty" => rounds.for_each(|_| test.read_empty()),
        "poll-data" => rounds.for_each(|_| test.poll_data()),
        "poll-empty" => rounds.for_each(|_| test.poll_empty()),
        "write-room" => rounds.for_each(|_| test.write_room()),
        "write-full" => rounds.for_each(|round| test.write_full(round)),
        "write-over" => {
            let pieces = test.pieces_that_fit();
            rounds.for_each(|_| test.write_over(pieces));
        }
        "datagram-comes" | "datagram-none" | "datagram-goes" => {
            let datagrams = Datagrams::new();
            let before = descriptors();
            rounds.for_each(|_| test.datagram(&operation[9..], &datagrams));
            assert_eq!(descriptors(), before, "descriptors were left open");
        }
        "accept-call" => rounds.for_each(|_| test.accept_call()),
        "accept-none" => rounds.for_each(|_| test.accept_none()),
        "connect" => {
            let calls = Calls::new();
            // The listener's thread opens what it needs.
            test.connect(&calls);
            let before = descriptors();
            rounds.for_each(|_| test.connect(&calls));
            // Calls that were given up are still being heard.
            eventually("descriptors were left open", || descriptors() == before);
        }
        other => panic!("no operation {other:?}"),
    }
    if operation != "connect" && !operation.starts_with("datagram") {
        assert_eq!(descriptors(), before, "descriptors were left open");
    }
    let watched = watched(&notes);
    println!("{} done, {} timed out, {watched} notes watched", test.done, test.expired);
}

/// Begins the stepping, and lets nothing be pending. False once the machine has hit every point.
fn mark() -> bool {
    let more = process::sleep(0).is_ok();
    COMPLETE.store(!more, Relaxed);
    more
}

fn warm_up(test: &mut Test) {
    test.near.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
    assert!(timed_out(&test.near.read(&mut [0])));
    test.poll_empty();
    (test.done, test.expired) = (0, 0);
}

struct Test {
    near: TcpStream,
    far: TcpStream,
    listener: TcpListener,
    /// From `far` to `near`.
    towards: Account,
    /// From `near` to `far`.
    away: Account,
    may_fire: bool,
    done: u64,
    expired: u64,
}

impl Test {
    fn new(may_fire: bool) -> Self {
        let (near, far) = pair();
        let (towards, away) = Default::default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        Self { near, far, listener, towards, away, may_fire, done: 0, expired: 0 }
    }

    /// A deadline that was far away has fired.
    fn fired(&mut self, took: Duration) {
        assert!(self.may_fire, "the deadline fired after {took:?}, and nobody had posted it");
        assert!(took >= LONG, "a deadline of {LONG:?} fired after {took:?}");
        assert_eq!(posted(), 1, "notes until the call ended");
        self.expired += 1;
    }

    fn undisturbed(&mut self) {
        assert_undisturbed(&mut self.near, &mut self.far, &mut self.towards);
    }

    fn read_data(&mut self) {
        let sent = self.towards.next(8);
        self.far.write_all(&sent).expect("eight bytes");
        self.towards.sent += 8;
        self.near.set_read_timeout(Some(LONG)).expect("a timeout");
        let mut buffer = [0; 8];
        mark();
        let (result, took) = timed(|| self.near.read(&mut buffer));
        match result {
            Ok(n) => {
                self.towards.take(&buffer[..n]);
                self.done += 1;
            }
            Err(_) if timed_out(&result) => self.fired(took),
            Err(why) => panic!("{why}"),
        }
        self.near.set_read_timeout(None).expect("no timeout");
        self.towards.drain(&mut self.near);
        self.undisturbed();
    }

    /// A stream that may not wait gives what is there, or says that it would wait and leaves it there: std puts a
    /// deadline behind it, which comes first on a machine with much to do.
    fn poll_data(&mut self) {
        let sent = self.towards.next(8);
        self.far.write_all(&sent).expect("eight bytes");
        self.towards.sent += 8;
        self.near.set_nonblocking(true).expect("no waiting");
        let mut buffer = [0; 8];
        mark();
        // Whatever comes in between, what is there is read.
        let n = self.near.read(&mut buffer).expect("data that is there");
        self.towards.take(&buffer[..n]);
        self.done += 1;
        self.near.set_nonblocking(false).expect("waiting");
        self.towards.drain(&mut self.near);
        self.undisturbed();
    }

    fn poll_empty(&mut self) {
        self.near.set_nonblocking(true).expect("no waiting");
        mark();
        let result = self.near.read(&mut [0; 8]);
        let kind = result.as_ref().map_err(|why| why.kind());
        assert_eq!(kind, Err(ErrorKind::WouldBlock), "a read of nothing ended with {result:?}");
        self.expired += 1;
        self.near.set_nonblocking(false).expect("waiting");
        self.undisturbed();
    }

    fn accept_call(&mut self) {
        let address = self.listener.local_addr().expect("its address");
        let mut caller = TcpStream::connect(address).expect("a listener");
        mark();
        let (result, took) = timed(|| self.listener.accept_timeout(LONG));
        let (mut call, _) = match result {
            Ok(call) => {
                self.done += 1;
                call
            }
            Err(_) if timed_out(&result) => {
                self.fired(took);
                // The call is still there.
                self.listener.accept().expect("the call")
            }
            Err(why) => panic!("{why}"),
        };
        caller.write_all(b"call").expect("room");
        call.read_exact(&mut [0; 4]).expect("the caller's words");
        self.undisturbed();
    }

    fn accept_none(&mut self) {
        mark();
        let (result, took) = timed(|| self.listener.accept_timeout(SHORT));
        self.must_expire(result.map(drop), took);
        self.undisturbed();
    }

    fn read_empty(&mut self) {
        self.near.set_read_timeout(Some(SHORT)).expect("a timeout");
        mark();
        let (result, took) = timed(|| self.near.read(&mut [0; 8]));
        self.must_expire(result.map(drop), took);
        self.undisturbed();
    }

    /// A read that nothing but the posted deadline ends, by its first note.
    fn read_wait(&mut self) {
        self.near.set_read_timeout(Some(LONG)).expect("a timeout");
        if !mark() {
            return;
        }
        let (result, took) = timed(|| self.near.read(&mut [0; 8]));
        assert!(timed_out(&result), "it ended with {result:?}");
        self.fired(took);
        self.undisturbed();
    }

    fn must_expire(&mut self, result: std::io::Result<()>, took: Duration) {
        assert!(timed_out(&result), "it ended with {result:?}");
        assert!(took >= SHORT, "a deadline of {SHORT:?} fired after {took:?}");
        self.expired += 1;
    }

    fn write_room(&mut self) {
        self.near.set_write_timeout(Some(LONG)).expect("a timeout");
        let bytes = self.away.next(100);
        mark();
        let (result, took) = timed(|| self.near.write(&bytes));
        match result {
            Ok(n) => {
                self.away.sent += n as u64;
                self.done += 1;
            }
            Err(_) if timed_out(&result) => self.fired(took),
            Err(why) => panic!("{why}"),
        }
        self.away.drain(&mut self.far);
        self.undisturbed();
    }

    /// Writes until the queue is full; the number of whole pieces that it took. A write that times out is not enough:
    /// on a machine with much to do it may not have got so far.
    fn fill(&mut self) -> usize {
        self.near.set_write_timeout(Some(Duration::from_millis(5))).expect("a timeout");
        let mut pieces = 0;
        loop {
            let bytes = self.away.next(PIECE);
            let result = self.near.write(&bytes);
            match result {
                Ok(n) => {
                    self.away.sent += n as u64;
                    pieces += 1;
                }
                Err(_) if timed_out(&result) && self.away.under_way() >= FULL => return pieces,
                Err(_) if timed_out(&result) => {}
                Err(why) => panic!("{why}"),
            }
        }
    }

    fn write_full(&mut self, round: u64) {
        if round % FULL_ROUNDS == 0 {
            self.away.drain(&mut self.far);
            self.fill();
        }
        self.near.set_write_timeout(Some(SHORT)).expect("a timeout");
        let bytes = self.away.next(1000);
        mark();
        let (result, took) = timed(|| self.near.write(&bytes));
        self.must_expire(result.map(drop), took);
        self.undisturbed();
    }

    /// All but the piece that goes over the limit.
    fn pieces_that_fit(&mut self) -> usize {
        let pieces = self.fill();
        self.away.drain(&mut self.far);
        pieces - 1
    }

    /// A piece that is queued and then waits for room: it counts, however its wait ends.
    fn write_over(&mut self, pieces: usize) {
        self.near.set_write_timeout(None).expect("no timeout");
        for _ in 0..pieces {
            let bytes = self.away.next(PIECE);
            self.near.write_all(&bytes).expect("a piece that fits");
            self.away.sent += bytes.len() as u64;
        }
        self.near.set_write_timeout(Some(SHORT)).expect("a timeout");
        let bytes = self.away.next(PIECE);
        mark();
        let (result, took) = timed(|| self.near.write(&bytes));
        match result {
            Ok(n) => {
                self.away.sent += n as u64;
                self.done += 1;
            }
            Err(_) => self.must_expire(result.map(drop), took),
        }
        self.away.drain(&mut self.far);
        self.undisturbed();
    }

    fn datagram(&mut self, what: &str, datagrams: &Datagrams) {
        let done = match what {
            "comes" => datagrams.comes(|took| self.fired(took)),
            "goes" => datagrams.goes(|took| self.fired(took)),
            "none" => {
                datagrams.none();
                self.expired += 1;
                false
            }
            other => panic!("no datagram {other:?}"),
        };
        self.done += u64::from(done);
        self.undisturbed();
    }

    fn connect(&mut self, calls: &Calls) {
        mark();
        let (result, took) = timed(|| TcpStream::connect_timeout(&calls.address, LONG));
        match result {
            Ok(mut stream) => {
                stream.write_all(b"call").expect("the conversation stands");
                self.done += 1;
                drop(stream);
                // Calls that were given up come as well, and say nothing.
                while calls.heard.recv().expect("the listener") == 0 {}
            }
            Err(_) if timed_out(&result) => self.fired(took),
            Err(why) => panic!("{why}"),
        }
        self.undisturbed();
    }
}
