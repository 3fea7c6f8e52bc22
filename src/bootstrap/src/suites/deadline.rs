//! Deadlines proven (`tests/deadline`): `model`, every interleaving of the slot protocol; `every-instruction`, a note at
//! each instruction of each timed operation; `never-early`; `foreign-notes` and `storm`, notes that are nobody's against
//! timed I/O with exact byte accounting; `exact`, a gibibyte through ten thousand time-outs.

use super::interop::peer::{self, Peer};
use super::{Report, facts, programs};
use crate::layout::Layout;
use crate::toolchain;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Notes that are nobody's: a deadline's text with the number of no operation, what the kernel posts for a pipe, and
/// one that the programs watch.
pub const FOREIGN: [&str; 3] = ["rust dl aaaaaaaaaaaaaaaa", "sys: write on closed pipe", WATCHED];
const WATCHED: &str = "passing by";
/// How long it storms, in seconds.
const STORM: &str = "5";
/// How long a caller waits there between calls, in milliseconds, where each leaves an end in Time_wait: four hundred in all.
const PAUSE: &str = "100";

/// What `exact` sends in all, how often its writes time out at least, and how many writers share both.
const EXACT_BYTES: u64 = 1 << 30;
const EXACT_TIMEOUTS: u64 = 10_000;
const EXACT_WRITERS: u64 = 8;
/// How long that may take, and an operation with a note at every instruction, which is stepped.
const INJECT_LIMIT: Duration = Duration::from_secs(900);
const EXACT_LIMIT: Duration = Duration::from_secs(240);

/// Rounds of an operation at most; it ends earlier, when every point was hit.
const ROUNDS: &str = "2000";
/// Timed operations.
const OPERATIONS: [&str; 14] = [
    "read-data",
    "read-empty",
    "read-wait",
    "poll-data",
    "poll-empty",
    "write-room",
    "write-full",
    "write-over",
    "accept-call",
    "accept-none",
    "connect",
    "datagram-comes",
    "datagram-none",
    "datagram-goes",
];
/// What is posted at each instruction.
const POSTS: [&str; 5] = [
    "deadline",
    "note:rust dl aaaaaaaaaaaaaaaa",
    "note:passing by",
    "deadline+note:passing by",
    "note:passing by+deadline",
];

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let wanted = |name: &str| name.contains(part) || part.contains(name);
    let embedded = layout.machine.is_embedded();
    if wanted("model") && embedded {
        report.record("deadline/model", model(layout));
    } else if wanted("model") {
        report.skip("deadline/model", "it runs on this host");
    }
    let built_ones = ["every-instruction", "never-early", "foreign-notes", "storm", "exact"];
    if !built_ones.into_iter().any(wanted) {
        return Ok(());
    }
    let built = build(layout)?;
    if wanted("every-instruction") && !embedded {
        let why = "plan9-run posts the notes, which steps the program";
        report.skip("deadline/every-instruction", why);
    } else if wanted("every-instruction") {
        every_instruction(layout, &built, part, report);
    }
    for (name, binary) in
        [("never-early", "early"), ("foreign-notes", "foreign"), ("storm", "storm")]
    {
        if !wanted(name) {
            continue;
        }
        for flags in layout.machine.kinds(&[&[], &["--no-splice"]]) {
            let splices = match embedded {
                true => flags.is_empty(),
                false => facts::splices(layout)?,
            };
            let pause = if splices { "0" } else { PAUSE };
            let mut args = if name == "storm" { vec![STORM, pause] } else { Vec::new() };
            if name != "never-early" {
                args.extend(FOREIGN);
            }
            let title = format!("deadline/{name} {}", flags.join(" "));
            let title = title.trim_end();
            let result = one(layout, flags, &built.join(binary), &args);
            report.record(title, result.map(|said| print!("{title}: {said}")));
        }
    }
    if wanted("exact") {
        for (title, flags, host) in [
            ("deadline/exact", &[][..], false),
            ("deadline/exact --no-splice", &["--no-splice"], false),
            ("deadline/exact, to the host", &[], true),
        ] {
            if !embedded && (host || !flags.is_empty()) {
                let why =
                    if host { "its peers are on this host" } else { "it is a flag of plan9-run" };
                report.skip(title, why);
                continue;
            }
            let result = exact(layout, flags, &built.join("exact"), host);
            report.record(title, result.map(|said| print!("{title}: {said}")));
        }
    }
    Ok(())
}

/// The great many bytes, to peers in the machine or on the host; gives what the program said.
fn exact(layout: &Layout, flags: &[&str], binary: &Path, host: bool) -> Result<String> {
    let (bytes, time_outs) = (EXACT_BYTES / EXACT_WRITERS, EXACT_TIMEOUTS / EXACT_WRITERS);
    let drain = || {
        // Slower than the writers, whose queues hold several fits each.
        let fit = (bytes / (4 * time_outs)) as usize;
        Peer::with_buffer(8 << 10, move |mut stream| {
            peer::read_in_fits(&mut stream, fit, Duration::from_millis(4)).map(|n| n.to_string())
        })
    };
    let peers =
        (0..if host { EXACT_WRITERS } else { 0 }).map(|_| drain()).collect::<Result<Vec<_>>>()?;
    let mut args = vec![bytes.to_string(), time_outs.to_string()];
    args.extend(peers.iter().map(|peer| peer.port.to_string()));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = programs::run_within(EXACT_LIMIT, layout, flags, binary, &args)?;
    ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);
    for peer in peers {
        programs::same("what arrived", &bytes.to_string(), &peer.end()?)?;
    }
    Ok(ended.stdout)
}

/// The host's tests of the model, whose counts of interleavings are shown.
fn model(layout: &Layout) -> Result<()> {
    let mut cargo = toolchain::user_cargo();
    cargo.current_dir(&layout.root).args(["test", "--quiet", "-p", "deadline-model"]);
    let output = cargo
        .args(["--", "--nocapture"])
        .output()
        .context("cargo cannot be started; install Rust (rustup) or set CARGO")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let shown = |line: &&str| line.contains(" interleavings (") || line.contains(": caught in ");
    text.lines().filter(shown).for_each(|line| println!("deadline/model: {line}"));
    Ok(())
}

/// Builds the programs; gives their folder.
pub fn build(layout: &Layout) -> Result<PathBuf> {
    let built = programs::build(layout, "tests/deadline/programs", "deadline", &["--release"])?;
    Ok(built.join("release"))
}

/// Runs a program that checks itself; gives what it said.
fn one(layout: &Layout, flags: &[&str], binary: &Path, args: &[&str]) -> Result<String> {
    let ended = programs::run(layout, flags, binary, args)?;
    ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);
    Ok(ended.stdout)
}

/// Each operation with a deadline, a note, and both in both orders.
fn every_instruction(layout: &Layout, built: &Path, part: &str, report: &mut Report) {
    let mut points = 0;
    for operation in OPERATIONS {
        // Nothing but a deadline ends a wait for nothing.
        let ends = |posts: &&str| operation != "read-wait" || posts.contains("deadline");
        // Notes alone find the same code whether the kernel splices or not, and datagrams are never spliced.
        let two_ways =
            |posts: &&str| posts.contains("deadline") && !operation.starts_with("datagram");
        let unspliced = POSTS.into_iter().filter(two_ways);
        let runs = POSTS.into_iter().filter(ends).map(|posts| ("", posts));
        for (splice, posts) in runs.chain(unspliced.map(|posts| (" --no-splice", posts))) {
            let title = format!("deadline/every-instruction/{operation} {posts}{splice}");
            if !title.contains(part) {
                continue;
            }
            let result = inject(layout, built, operation, posts, splice.trim_start());
            if let Ok((hit, said)) = &result {
                points += hit;
                print!("{title}: {hit} points; {said}");
            }
            report.record(&title, result.map(drop));
        }
    }
    println!("deadline/every-instruction: {points} points in all");
}

/// One operation; gives the number of points at which it was hit, which must be all, and what the program counted.
fn inject(
    layout: &Layout,
    built: &Path,
    operation: &str,
    posts: &str,
    splice: &str,
) -> Result<(usize, String)> {
    let mut args = vec![operation, ROUNDS];
    if posts.contains("deadline") {
        args.push("deadline");
    }
    let mut flags = vec!["--inject", posts];
    flags.extend(Some(splice).filter(|flag| !flag.is_empty()));
    let ended =
        programs::run_within(INJECT_LIMIT, layout, &flags, &built.join("instructions"), &args)?;
    ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);
    let line = ended.stderr.lines().find_map(|line| line.strip_prefix("inject: "));
    let (count, end) = line
        .and_then(|line| line.split_once(" points, "))
        .with_context(|| format!("the machine did not say what it did:\n{}", ended.stderr))?;
    ensure!(end == "all", "{ROUNDS} rounds were too few: {count} points, {end}");
    if posts.contains(WATCHED) {
        let all = format!(", {count} notes watched");
        ensure!(ended.stdout.contains(&all), "{count} notes were posted: {}", ended.stdout);
    }
    Ok((count.parse()?, ended.stdout))
}
