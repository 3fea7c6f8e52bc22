//! The end of a child and its wait message.

use super::notes::tell;
use conformance::family::{
    SEM, SEM2, exits, fork, heard, kernel_said, me, message, notify, over, pause, result, said,
    sbrk, spawn, start,
};
use conformance::text::{Long, Rules, norm, number};
use conformance::{Why, raw, say};
use core::ffi::CStr;
use core::ptr;
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{file, process, sync};
use plan9_abi::sysno;

/// `await` into the first `n` bytes.
fn wait(buffer: &mut [u8], n: usize) -> i64 {
    raw(sysno::AWAIT, [buffer.as_mut_ptr() as usize, n, 0, 0, 0])
}

fn wait_result(what: &str) {
    let mut buffer = [0; 1024];
    result(what, wait(&mut buffer, 1024));
}

fn from_quote(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&b| b == b'\'').unwrap_or(text.len());
    &text[start..]
}

pub fn run() {
    wait_result("await without children");
    statuses();
    records();
    siblings();
    exec_too_much();
    descriptors();
}

fn statuses() {
    let texts: [Option<&CStr>; 7] =
        [None, Some(c""), Some(c"0"), Some(c"x"), Some(c"it's"), Some(c"a: b"), Some(c"a\nb")];
    for (n, text) in texts.into_iter().enumerate() {
        fork(|| process::exits(text));
        let shown = norm(text.map_or(b"nil", CStr::to_bytes), Rules::Line);
        match n {
            1 => over(format_args!("exits, empty")),
            _ => over(format_args!("exits, {shown}")),
        }
    }
    for len in [1, 100, 126, 127, 128, 400] {
        let mut text = Long::empty();
        (0..len).for_each(|_| text.push(b"e"));
        fork(|| process::exits(Some(text.as_c_str())));
        let mut buffer = [0; 1024];
        let n = wait(&mut buffer, 1023).max(0) as usize;
        let told = match from_quote(&buffer[..n]).len().saturating_sub(2) {
            127 => "127 bytes",
            ..127 => "less than 127 bytes",
            _ => "more than 127 bytes",
        };
        say!("exits of {len} bytes: the message with name and number: {told}");
    }
}

fn records() {
    let child = fork(|| process::exits(Some(c"text")));
    let mut buffer = [b'?'; 1024];
    let n = wait(&mut buffer, 1023).max(0) as usize;
    let pid = if number(&buffer) == child { "N" } else { "another pid" };
    let text = norm(from_quote(&buffer[..n]), Rules::Line);
    let ended = if n < 200 && buffer[n] == 0 { "yes" } else { "no" };
    say!("await: {pid} N N N {text}, then a NUL that is not counted: {ended}");
    fork(|| process::exits(Some(c"text")));
    let mut small = [b'?'; 8];
    let n = wait(&mut small, 4);
    say!("await into 4 bytes: {n}, its fourth byte is {}", small[3]);
    wait_result("await after it");
    for n in 0..3 {
        fork(|| {
            let _ = process::sleep(n * 150);
            exits(format_args!("{n}"))
        });
    }
    let _ = process::sleep(1000);
    let mut order = Long::new(format_args!("three children ended in the order 0 1 2; await gives"));
    while let n @ 1.. = wait(&mut buffer, 1024) {
        order.push(&[b' ', buffer[n as usize - 2]]);
    }
    say!("{order}");
    for _ in 0..130 {
        fork(|| ());
    }
    let _ = process::sleep(2000);
    let mut kept = 0;
    while wait(&mut buffer, 1024) > 0 {
        kept += 1;
    }
    say!("130 children ended, not awaited: records {kept}, then '{}'", Why::take());
    spawn(rfork::NOWAIT, || process::exits(Some(c"x")));
    wait_result("await, only an RFNOWAIT child");
    start(rfork::MEM, || ());
    notify(Some(tell));
    let _ = process::alarm(200);
    wait_result("await, interrupted");
    say!("the handler got '{}'", heard());
    notify(None);
    let _ = sync::semrelease(&SEM, 1);
    over(format_args!("await again"));
}

fn siblings() {
    let parent = me();
    spawn(rfork::MEM, || {
        pause();
        process::exits(Some(c"for the reader"))
    });
    spawn(rfork::MEM, || wait_result("await in an RFMEM sibling of a child"));
    over(format_args!("the sibling"));
    spawn(rfork::MEM | rfork::NOWAIT, || {
        let name = Long::new(format_args!("/proc/{parent}/wait"));
        let fd = file::open(name.as_c_str(), open::READ).unwrap_or(-1);
        let _ = sync::semrelease(&SEM2, 1);
        let mut buffer = [0; 512];
        let n = file::read(fd, &mut buffer).unwrap_or(0);
        let text = match from_quote(&buffer[..n]) {
            b"" => Long::new(format_args!("nothing")),
            text => norm(text, Rules::Line),
        };
        say!("read of the parent's /proc/N/wait by an RFMEM child: {text}");
        let _ = sync::semrelease(&SEM2, 1);
    });
    let _ = sync::semacquire(&SEM2, true);
    let _ = process::sleep(300);
    wait_result("await in the parent meanwhile");
    let _ = sync::semrelease(&SEM, 1);
    let _ = sync::semacquire(&SEM2, true);
    wait_result("await after it");
}

fn exec_too_much() {
    const SIZE: usize = 9 << 20;
    fork(|| {
        let at = sbrk(SIZE);
        // SAFETY: memory just got, of that size; its last byte stays 0.
        unsafe { ptr::write_bytes(at as *mut u8, b'a', SIZE - 1) };
        let text = Long::new(format_args!("/proc/{}/text", me()));
        let argv = [at, at, 0];
        raw(sysno::EXEC, [text.as_c_str().as_ptr() as usize, argv.as_ptr() as usize, 0, 0, 0]);
        exits(format_args!("{}", Why::take()))
    });
    over(format_args!("exec with two arguments of 9 MB"));
}

fn descriptors() {
    fork(|| {
        let mut last = 0;
        while let Ok(fd) = file::dup(1, -1) {
            last = fd;
        }
        let why = Why::take();
        let mut words = [0; 8191];
        let n = file::read(said(), &mut words).unwrap_or(0);
        let first = words[..n].split(|&b| b == b'\n').next().unwrap_or(b"");
        let first = norm(first, Rules::Line);
        say!(
            "the last descriptor before dup refuses: {last}, then '{why}'; the first of the kernel's words on fd 2: '{first}'"
        );
        (0..3).for_each(|_| drop(kernel_said()));
    });
    message();
    kernel_said();
}
