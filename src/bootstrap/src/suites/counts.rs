//! System calls per operation (`tests/counts`): a timed read or write that need not wait makes one, as an untimed one
//! does, setting a timeout makes none, a stalled writer stops filling its peer's queue, a conversation inside the machine
//! costs no more than another system's; what files cost. A read that may not wait is ended by no note, whatever another
//! thread has lost; the answer to a call is looked for ever less often. A wait of a thread with a bound makes the calls of
//! one without, and a thread that is dead costs none. plan9-run counts them.

use super::{Report, programs};
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// A write and a read.
const CALLS_A_ROUND: u64 = 2;
const ROUNDS: u64 = 1000;

/// Files are those of a file server.
const MACHINE: &[&str] = &["--stats", "--ramfs", "/tmp"];

/// What is done with files, and the calls of each.
const FILES: &[(&str, u64)] = &[
    // The end, the write, the offset behind it.
    ("append", 3),
    ("read", 1),
    // Whether it is a directory is asked once.
    ("open and read", 4),
    // With the record, and a read that finds the end.
    ("small file", 5),
    ("large file", 5),
    ("set_len", 1),
    // There and back: a record and a change.
    ("rename", 4),
];

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let program = |name: &str| -> Result<PathBuf> {
        let binary = layout.build.join("test/counts").join(name);
        compile(layout, &layout.root.join(format!("tests/counts/{name}.rs")), &binary, &["-O"])?;
        Ok(binary)
    };
    if !layout.machine.is_embedded() {
        report.skip("counts", "plan9-run counts system calls, a kernel does not");
        return Ok(());
    }
    let rounds = program("rounds")?;
    for kind in ["untimed", "timed"] {
        if kind.contains(part) {
            report.record(&format!("counts/{kind}"), test(layout, &rounds, kind, CALLS_A_ROUND));
        }
    }
    let nonblocking = program("nonblocking")?;
    for kind in ["whole", "lost"] {
        let name = format!("nonblocking {kind}");
        if name.contains(part) {
            let result = without_waiting(layout, &nonblocking, kind);
            report.record(&format!("counts/{name}"), result);
        }
    }
    let files = program("files")?;
    for &(kind, calls) in FILES {
        if kind.contains(part) {
            report.record(&format!("counts/{kind}"), test(layout, &files, kind, calls));
        }
    }
    let conversations = program("local")?;
    for order in ["caller-first", "answerer-first"] {
        let name = format!("local-{order}");
        if name.contains(part) {
            report.record(&format!("counts/{name}"), local(layout, &conversations, order));
        }
    }
    if "stalled".contains(part) {
        let binary = program("stalled")?;
        report.record("counts/stalled", stalled(layout, &binary));
    }
    if "broken_connect".contains(part) {
        let binary = program("broken_connect")?;
        report.record("counts/broken_connect", broken_connect(layout, &binary));
    }
    if "dead".contains(part) {
        let binary = program("dead")?;
        report.record("counts/dead", dead(layout, &binary));
    }
    if "waits".contains(part) {
        let binary = program("waits")?;
        for kind in ["forever", "long", "short"] {
            report.record(&format!("counts/waits {kind}"), waits(layout, &binary, kind));
        }
    }
    Ok(())
}

/// A read that may not wait ends by its own wish, not by a note of the deadline thread's, but for a few that a busy machine
/// holds up.
fn without_waiting(layout: &Layout, binary: &Path, kind: &str) -> Result<()> {
    const MOST: u64 = ROUNDS / 2;
    let ended = programs::run(layout, &["--stats"], binary, &[kind, &ROUNDS.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let notes = count(&ended.stderr, "noted").unwrap_or(0);
    ensure!(notes < MOST, "{ROUNDS} reads were ended by {notes} notes, fewer than {MOST} expected");
    Ok(())
}

/// The answer to a call whose wait was broken is looked for ever less often, at last each 32 ms: four calls a look. Each
/// millisecond would be eight thousand.
fn broken_connect(layout: &Layout, binary: &Path) -> Result<()> {
    const MS: u64 = 2000;
    const MOST: u64 = 2 * (4 * MS / 32);
    let calls = |ms: u64| -> Result<u64> {
        let ended = programs::run(layout, &["--stats"], binary, &[&ms.to_string()])?;
        ensure!(ended.code == 0, "{}", ended.stderr);
        all_calls(&ended.stderr)
    };
    let more = calls(2 * MS)?;
    let added = more.saturating_sub(calls(MS)?);
    ensure!(added <= MOST, "{MS} ms more made {added} calls more, at most {MOST} expected");
    Ok(())
}

/// A thread that is dead with an armed deadline is due no second note: its two seconds would see two hundred.
fn dead(layout: &Layout, binary: &Path) -> Result<()> {
    const MOST: u64 = 20;
    let ended = programs::run(layout, &["--stats"], binary, &[])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let count = pwrites(&ended.stderr)?;
    ensure!(count < MOST, "{count} pwrites were made for a thread that is dead");
    Ok(())
}

/// A round is two waits and two wakes, whether the waits have a bound or not; a wake that comes before its wait saves both.
/// Where the bound is so short that the deadline thread is asked at once, it may be woken once in that time, look, and
/// sleep again.
fn waits(layout: &Layout, binary: &Path, kind: &str) -> Result<()> {
    const CALLS_A_ROUND: u64 = 4;
    /// Two threads and the deadline thread, of 15 ms each: a wake, an end of its wait, and looks that let others run.
    const CALLS_A_MILLISECOND: u64 = 1;
    /// Starting and ending, and waits that the host made late.
    const SLACK: u64 = 400;
    let ended = programs::run(layout, &["--stats"], binary, &[kind, &ROUNDS.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let took: u64 = ended.stdout.trim().parse().context("no time was printed")?;
    let most = CALLS_A_ROUND * ROUNDS
        + if kind == "short" { CALLS_A_MILLISECOND * took } else { 0 }
        + SLACK;
    let made = all_calls(&ended.stderr)?;
    ensure!(
        made <= most,
        "{ROUNDS} rounds in {took} ms made {made} calls, at most {most} expected"
    );
    Ok(())
}

/// How often a call is named in a machine's counts.
fn count(counts: &str, call: &str) -> Option<u64> {
    let mut lines = counts.lines().map(str::trim);
    lines.find_map(|line| line.strip_suffix(call)?.strip_suffix(' ')?.trim().parse().ok())
}

fn pwrites(counts: &str) -> Result<u64> {
    count(counts, "pwrite").context("no pwrite was counted")
}

/// The sum of a machine's counts, their last line.
fn all_calls(counts: &str) -> Result<u64> {
    let last = counts.lines().last().context("no counts were printed")?;
    let number = last.split_whitespace().next().and_then(|text| text.parse().ok());
    number.with_context(|| format!("the last line is no count: {last}"))
}

/// A peer that never reads is not made to queue without bound: each write that timed out while the stream was full is
/// an empty block in its queue and a note, two `pwrite`s, and those end at some hundred time-outs.
fn stalled(layout: &Layout, binary: &Path) -> Result<()> {
    const TIME_OUTS: u64 = 1500;
    const MOST: u64 = TIME_OUTS;
    let ended = programs::run(layout, &["--stats"], binary, &[&TIME_OUTS.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let count = pwrites(&ended.stderr)?;
    ensure!(count < MOST, "{TIME_OUTS} writes that timed out made {count} pwrites");
    Ok(())
}

/// A conversation inside the machine, a byte each way and both closes make a bounded number of calls.
fn local(layout: &Layout, binary: &Path, order: &str) -> Result<()> {
    // Together fewer than those from which on the machine holds acknowledgements back now and then.
    const CONVERSATIONS: u64 = 15;
    const MOST: u64 = 30;
    let more = calls(layout, binary, order, 2 * CONVERSATIONS)?;
    let added = more - calls(layout, binary, order, CONVERSATIONS)?;
    ensure!(
        added <= MOST * CONVERSATIONS,
        "{CONVERSATIONS} conversations more made {added} system calls more, at most {} expected",
        MOST * CONVERSATIONS
    );
    Ok(())
}

/// Twice as many rounds make that many more calls, and no other.
fn test(layout: &Layout, binary: &Path, kind: &str, each: u64) -> Result<()> {
    let more = calls(layout, binary, kind, 2 * ROUNDS)?;
    let fewer = calls(layout, binary, kind, ROUNDS)?;
    // In either run the deadline thread may look a few times more before it falls asleep: a look is two calls. One call
    // more in each round would be a thousand.
    const SLACK: u64 = 20;
    let (least, most) = (each * ROUNDS - SLACK, each * ROUNDS + SLACK);
    let added = more - fewer;
    ensure!(
        (least..=most).contains(&added),
        "{ROUNDS} rounds more made {added} system calls more, expected {}",
        each * ROUNDS
    );
    Ok(())
}

fn calls(layout: &Layout, binary: &Path, kind: &str, rounds: u64) -> Result<u64> {
    let ended = programs::run(layout, MACHINE, binary, &[kind, &rounds.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    all_calls(&ended.stderr)
}
