//! Notes that are nobody's, one after another to a thread that reads and writes under deadlines: they cost a deadline
//! nothing and add nothing to it, and no byte is lost to them.
//!
//! `foreign NOTE...`: their texts.

use deadline_programs::{
    Account, assert_undisturbed, pair, panics_end_the_program, proc_file, timed, timed_out, watch,
    watched,
};
use plan9_abi::flags::open;
use plan9_abi::sys::file;
use std::io::{Read, Write};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_millis(30);
/// What is allowed on top, on a machine that has other things to do.
const LATE: Duration = Duration::from_secs(2);
const ROUNDS: usize = 25;

fn main() {
    panics_end_the_program();
    let notes: Vec<String> = std::env::args().skip(1).collect();
    let watcher = watch();
    let (stop, pid) = (AtomicBool::new(false), std::process::id());
    let posted = thread::scope(|scope| {
        let poster = scope.spawn(|| post(pid, &notes, &stop));
        rounds();
        stop.store(true, SeqCst);
        poster.join().expect("the poster")
    });
    assert!(posted as usize > ROUNDS, "only {posted} notes were posted");
    let (mut near, mut far) = pair();
    assert_undisturbed(&mut near, &mut far, &mut Account::default());
    let watched = watched(&watcher);
    println!("{posted} notes, {watched} of them watched, and every deadline on time");
}

/// Posts until it is told to stop; gives how many were taken.
fn post(pid: u32, notes: &[String], stop: &AtomicBool) -> u64 {
    let fd = proc_file(pid, "note", open::WRITE);
    let mut posted = 0;
    for note in notes.iter().cycle() {
        if stop.load(SeqCst) {
            break;
        }
        posted += u64::from(file::write(fd, note.as_bytes()).is_ok());
        thread::sleep(Duration::from_micros(200));
    }
    file::close(fd).expect("an open file");
    posted
}

fn on_time(what: &str, took: Duration) {
    assert!(took >= TIMEOUT, "a {what} of {TIMEOUT:?} ended after {took:?}");
    assert!(took < TIMEOUT + LATE, "a {what} of {TIMEOUT:?} ended after {took:?}");
}

fn rounds() {
    let (mut near, mut far) = pair();
    let (mut towards, mut away) = (Account::default(), Account::default());
    near.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
    near.set_write_timeout(Some(TIMEOUT)).expect("a timeout");
    for _ in 0..ROUNDS {
        // Nothing comes.
        let (result, took) = timed(|| near.read(&mut [0]));
        assert!(timed_out(&result), "a read ended with {result:?}");
        on_time("read", took);
        // Something comes, and the deadline is far.
        let bytes = towards.next(100);
        far.write_all(&bytes).expect("room");
        towards.sent += 100;
        near.set_read_timeout(Some(Duration::from_secs(100))).expect("a timeout");
        let mut buffer = [0; 100];
        let n = near.read(&mut buffer).expect("bytes that are there");
        towards.take(&buffer[..n]);
        towards.drain(&mut near);
        near.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        // Writes until there is no room.
        loop {
            let bytes = away.next(40_000);
            let (result, took) = timed(|| near.write(&bytes));
            match result {
                Ok(n) => away.sent += n as u64,
                Err(_) if timed_out(&result) => {
                    on_time("write", took);
                    break;
                }
                Err(why) => panic!("{why}"),
            }
        }
        away.drain(&mut far);
    }
}
