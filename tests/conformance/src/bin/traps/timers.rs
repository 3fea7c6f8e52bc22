//! Alarms, sleep, semaphores, rendezvous.

use super::tell;
use conformance::family::{SEM, SEM2, ctl, fork, heard, notify, over, result, spawn};
use conformance::{Why, raw, say};
use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::rfork;
use plan9_abi::sys::{Result, error, process, sync};
use plan9_abi::sysno;

static ORDER: [AtomicU8; 3] = [const { AtomicU8::new(b'?') }; 3];

fn alarm(ms: u32) -> i64 {
    process::alarm(ms).map_or(-1, i64::from)
}

fn sleep(what: &str, ms: u32) {
    result(what, raw(sysno::SLEEP, [ms as usize, 0, 0, 0, 0]));
}

fn taken(result: Result<bool>) -> i64 {
    result.map_or(-1, i64::from)
}

pub fn run() {
    alarms();
    semaphores();
    meetings();
    notify(None);
}

fn alarms() {
    notify(Some(tell));
    result("alarm(5000)", alarm(5000));
    let left = |left: i64, range: core::ops::RangeInclusive<i64>, told| match range.contains(&left)
    {
        true => told,
        false => "another figure",
    };
    say!("alarm(3000) at once: left were {}", left(alarm(3000), 4001..=5000, "4000 to 5000"));
    say!("alarm(0): left were {}", left(alarm(0), 2001..=3000, "2000 to 3000"));
    result("alarm(0) again", alarm(0));
    sleep("sleep(100), no alarm left", 100);
    alarm(100);
    sleep("sleep, alarm rings", 5000);
    say!("the handler got '{}'", heard());
    alarm(300);
    fork(|| {
        let _ = process::sleep(800);
        process::exits(Some(c"no alarm"))
    });
    let _ = process::sleep(5000);
    heard();
    over(format_args!("child of a process with an alarm set"));
    sleep("sleep(0)", 0);
    sleep("sleep(-1)", u32::MAX);
}

fn semaphores() {
    SEM.store(1, SeqCst);
    result("semacquire of 1", taken(sync::semacquire(&SEM, true)));
    result("semacquire of 0, not blocking", taken(sync::semacquire(&SEM, false)));
    result("tsemacquire of 0, 0 ms", taken(sync::tsemacquire(&SEM, 0)));
    let start = process::nsec();
    let got = taken(sync::tsemacquire(&SEM, 100));
    let long = process::nsec() - start >= 100_000_000;
    let after = if long { "100 ms or more" } else { "less than 100 ms" };
    say!("tsemacquire of 0, 100 ms: {got} after {after}");
    alarm(100);
    result("semacquire, interrupted", taken(sync::semacquire(&SEM, true)));
    alarm(100);
    result("tsemacquire, interrupted", taken(sync::tsemacquire(&SEM, 5000)));
    let release = |n| sync::semrelease(&SEM, n).map_or(-1, i64::from);
    result("semrelease by 3 of 0", release(3));
    result("semrelease by 0", release(0));
    SEM.store(0, SeqCst);
    SEM2.store(0, SeqCst);
    for digit in b'0'..b'3' {
        spawn(rfork::MEM, || {
            let _ = sync::semacquire(&SEM, true);
            ORDER[SEM2.fetch_add(1, SeqCst) as usize].store(digit, SeqCst);
        });
        let _ = process::sleep(100);
    }
    for _ in 0..3 {
        release(1);
        let _ = process::sleep(100);
    }
    let [a, b, c] = ORDER.each_ref().map(|digit| char::from(digit.load(SeqCst)));
    say!("three wait for a semaphore in the order 0 1 2; they get it in the order {a}{b}{c}");
    while process::await_child(&mut [0; 256]).is_ok() {}
}

fn meetings() {
    let tag = SEM.as_ptr() as usize;
    SEM.store(0, SeqCst);
    SEM2.store(0, SeqCst);
    spawn(rfork::MEM, || match sync::rendezvous(tag, 2) {
        1 => process::exits(Some(c"got 1")),
        _ => process::exits(Some(c"got another")),
    });
    say!("rendezvous, 1 against a child's 2: got {}", sync::rendezvous(tag, 1));
    heard();
    over(format_args!("rendezvous, that child"));
    alarm(100);
    let mut text = [0; plan9_abi::layout::ERRMAX];
    text[..9].copy_from_slice(b"untouched");
    error::swap(&mut text);
    let all_ones = sync::rendezvous(tag, 1) == usize::MAX;
    let value = if all_ones { "all ones" } else { "another value" };
    say!("rendezvous, interrupted: {value}, error string '{}'", Why::take());
    let other = spawn(rfork::MEM | rfork::REND, || {
        notify(None);
        sync::rendezvous(tag, 2);
    });
    alarm(300);
    let apart = sync::rendezvous(tag, 1) == usize::MAX;
    let told = if apart { "they do not meet" } else { "they meet" };
    say!("rendezvous with an RFREND child: {told}");
    heard();
    ctl(other, "ctl", b"kill");
    over(format_args!("that child, killed in rendezvous"));
}
