//! No deadline fires before its time, however short or long it is.

use deadline_programs::{Account, pair, panics_end_the_program, timed, timed_out};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: [Duration; 4] = [
    Duration::from_nanos(1),
    Duration::from_micros(999),
    Duration::from_millis(1),
    Duration::from_millis(20),
];
/// Longer than a word of milliseconds, and longer than any clock.
const LONG: [Duration; 2] = [Duration::from_millis(1 << 32), Duration::MAX];
/// When a long wait is ended by what it waits for.
const LATER: Duration = Duration::from_millis(50);
const REPEATS: usize = 20;

fn main() {
    panics_end_the_program();
    reads();
    writes();
    connects();
    waits();
    println!("no deadline fired early");
}

/// Runs `end` on a thread of its own, after [`LATER`], while `wait` waits for what it does.
fn ended_later<T>(wait: impl FnOnce() -> T, end: impl FnOnce() + Send) -> T {
    // Before the thread begins to sleep: this one may be held up behind it.
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(LATER);
            end();
        });
        let result = wait();
        assert!(start.elapsed() >= LATER, "it ended before what it waits for");
        result
    })
}

fn reads() {
    let (mut near, mut far) = pair();
    for timeout in SHORT {
        near.set_read_timeout(Some(timeout)).expect("a timeout");
        for _ in 0..REPEATS {
            let (result, took) = timed(|| near.read(&mut [0]));
            assert!(timed_out(&result), "a read of {timeout:?} ended with {result:?}");
            assert!(took >= timeout, "a read of {timeout:?} ended after {took:?}");
        }
    }
    for timeout in LONG {
        near.set_read_timeout(Some(timeout)).expect("a timeout");
        let mut buffer = [0];
        let n = ended_later(|| near.read(&mut buffer), || far.write_all(b"x").expect("a byte"));
        assert_eq!((n.expect("a byte"), buffer), (1, *b"x"), "a read of {timeout:?}");
    }
}

fn writes() {
    let (mut near, mut far) = pair();
    let mut account = Account::default();
    near.set_write_timeout(Some(Duration::from_millis(5))).expect("a timeout");
    fill(&mut near, &mut account);
    for timeout in SHORT {
        near.set_write_timeout(Some(timeout)).expect("a timeout");
        let mut expired = 0;
        while expired < REPEATS {
            let (result, took) = timed(|| near.write(&account.next(100)));
            if let Ok(n) = result {
                // The queue was not full yet.
                account.sent += n as u64;
                continue;
            }
            expired += 1;
            assert!(timed_out(&result), "a write of {timeout:?} ended with {result:?}");
            assert!(took >= timeout, "a write of {timeout:?} ended after {took:?}");
        }
    }
    for timeout in LONG {
        near.set_write_timeout(Some(Duration::from_millis(100))).expect("a timeout");
        fill(&mut near, &mut account);
        near.set_write_timeout(Some(timeout)).expect("a timeout");
        let bytes = account.next(100);
        let n = ended_later(|| near.write(&bytes), || account.drain(&mut far));
        account.sent += n.expect("room") as u64;
        account.drain(&mut far);
    }
}

fn fill(near: &mut TcpStream, account: &mut Account) {
    loop {
        let bytes = account.next(32 << 10);
        let result = near.write(&bytes);
        match result {
            Ok(n) => account.sent += n as u64,
            Err(_) if timed_out(&result) => return,
            Err(why) => panic!("{why}"),
        }
    }
}

fn connects() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    thread::scope(|scope| {
        let listener = &listener;
        scope.spawn(move || {
            // Calls that were given up may come or not; the last one is told apart by its byte.
            loop {
                let (mut call, _) = listener.accept().expect("a call");
                let mut byte = [0];
                if call.read(&mut byte).unwrap_or(0) == 1 && byte == *b"z" {
                    return;
                }
            }
        });
        for timeout in SHORT.into_iter().chain(LONG) {
            for _ in 0..if timeout > SHORT[3] { 1 } else { REPEATS } {
                let (result, took) = timed(|| TcpStream::connect_timeout(&address, timeout));
                let early = timed_out(&result) && took < timeout;
                assert!(!early, "a connect of {timeout:?} gave up after {took:?}");
                // A listener that has too many calls waiting refuses.
                let refused =
                    result.as_ref().is_err_and(|why| why.kind() == ErrorKind::ConnectionRefused);
                assert!(result.is_ok() || timed_out(&result) || refused, "{:?}", result.err());
                thread::sleep(Duration::from_millis(1));
            }
        }
        let mut last = TcpStream::connect(address).expect("the last call");
        last.write_all(b"z").expect("its byte");
    });
}

/// Waits of threads for each other.
fn waits() {
    let (lock, condition) = (Mutex::new(()), Condvar::new());
    let (sender, receiver) = channel();
    for timeout in SHORT {
        for _ in 0..REPEATS {
            let (result, took) = timed(|| receiver.recv_timeout(timeout));
            assert_eq!(result, Err(RecvTimeoutError::Timeout));
            assert!(took >= timeout, "recv_timeout of {timeout:?} ended after {took:?}");
            let guard = lock.lock().expect("the lock");
            let (result, took) = timed(|| condition.wait_timeout(guard, timeout));
            let early = result.expect("the lock").1.timed_out() && took < timeout;
            assert!(!early, "wait_timeout of {timeout:?} ended after {took:?}");
        }
    }
    for timeout in LONG {
        let end = || sender.send(()).expect("a receiver");
        assert_eq!(ended_later(|| receiver.recv_timeout(timeout), end), Ok(()), "{timeout:?}");
    }
}
