//! How much a pipe's queue holds, and past it: an interrupted piece is in it, and from twice the limit on a writer waits
//! where no note reaches until the reader has come near (`port/qio.c:qwrite`, `qbloated`).

#![no_std]
#![no_main]

use conformance::report::close;
use conformance::{HANDLED, Why, child, counting_handler, handle_notes, later, pid, post, say};
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::dir::Dir;
use plan9_abi::sys::{Result, file, process};

counting_handler!();

/// What is written from, and read into by a child.
static BYTES: [u8; 131_072] = [7; 131_072];
/// Writes begun, by which the reader sees that the writer is stuck.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
/// 1 while a note is to come to a writer that waits, 2 when none can any more.
static WATCHING: AtomicUsize = AtomicUsize::new(0);
/// Bytes that the reader got, and whether it has begun.
static CAME: AtomicUsize = AtomicUsize::new(0);
static READS: AtomicUsize = AtomicUsize::new(0);

/// A writer that has begun no other write for so long waits, in milliseconds: then a note comes, and again if need be.
const SOON: u32 = 150;
/// For so long the writer begins no other write: it is stuck.
const STUCK: u32 = 2500;
/// The size of the pieces that go past the limit.
const PIECE: usize = 8192;

/// The bytes that an end of a pipe could read.
fn length(fd: i32) -> u64 {
    let mut record = [0; 256];
    file::fstat(fd, &mut record)
        .ok()
        .and_then(|n| Dir::parse(&record[..n]))
        .map_or(0, |(dir, _)| dir.length)
}

/// A write that is known to have begun.
fn write(fd: i32, bytes: &[u8]) -> Result<usize> {
    BEGUN.fetch_add(1, SeqCst);
    file::write(fd, bytes)
}

/// Posts a note each time that the writer waits, until it has given up.
fn watch_writer() {
    WATCHING.store(1, SeqCst);
    let writer = pid();
    child(move || {
        let mut seen = usize::MAX;
        while WATCHING.load(SeqCst) == 1 {
            let begun = BEGUN.load(SeqCst);
            if begun == seen {
                post(writer, b"note");
            }
            seen = begun;
            let _ = process::sleep(SOON);
        }
        WATCHING.store(2, SeqCst);
    });
}

/// The writer waits no more; ends when no note can come any more.
fn end_watch() {
    WATCHING.store(0, SeqCst);
    while WATCHING.load(SeqCst) != 2 {
        let _ = process::sleep(10);
    }
}

/// Whole writes until one waits, which a note then ends.
fn fill(fd: i32, size: usize) -> usize {
    let mut whole = 0;
    watch_writer();
    while write(fd, &BYTES[..size]).is_ok() {
        whole += 1;
    }
    end_watch();
    whole
}

fn holds(size: usize) {
    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    let whole = fill(near, size);
    say!(
        "writes of {size}: {whole} whole, then {} notes {}",
        Why::take().quoted(),
        HANDLED.swap(0, SeqCst)
    );
    let before = length(far);
    watch_writer();
    let empty = write(near, &[]);
    end_watch();
    say!(
        "it holds {before}; an empty write {} '{}', it holds {}",
        if empty.is_ok() { "ends" } else { "waits" },
        Why::take(),
        length(far)
    );
    HANDLED.store(0, SeqCst);
    close(near);
    let mut buffer = [0; PIECE];
    let mut came = 0;
    while let Ok(n @ 1..) = file::read(far, &mut buffer) {
        came += n;
    }
    say!("{came} came out");
    close(far);
}

/// Waits until the writer is stuck, then reads all.
fn read_when_stuck(fd: i32) {
    let mut seen = usize::MAX;
    while BEGUN.load(SeqCst) != seen {
        seen = BEGUN.load(SeqCst);
        let _ = process::sleep(STUCK);
    }
    let mut buffer = [0; PIECE];
    while let Ok(n @ 1..) = file::read(fd, &mut buffer) {
        READS.fetch_add(1, SeqCst);
        CAME.fetch_add(n, SeqCst);
    }
    READS.store(usize::MAX, SeqCst);
}

fn past_the_limit() {
    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    let mut taken = PIECE * (fill(near, PIECE) + 1);
    HANDLED.store(0, SeqCst);
    child(|| read_when_stuck(far));
    let mut broken = 0;
    let last: Result<usize> = loop {
        later(SOON, b"note");
        let result = write(near, &BYTES[..PIECE]);
        taken += PIECE;
        if result.is_ok() {
            break result;
        }
        broken += 1;
    };
    say!(
        "past the limit {broken} writes of {PIECE} are broken by a note each: {}",
        HANDLED.swap(0, SeqCst) >= broken
    );
    let reads = READS.load(SeqCst);
    say!(
        "then one is not: it gives {}, after the reader has begun: {}",
        last.map_or(-1, |n| n as i64),
        reads > 0
    );
    close(near);
    while READS.load(SeqCst) != usize::MAX {
        let _ = process::sleep(20);
    }
    say!("every byte came out: {}", CAME.load(SeqCst) == taken);
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    [1, 100, 1460, 8192, 32_768, 65_536, 65_537, 131_072].into_iter().for_each(holds);
    past_the_limit();
}
