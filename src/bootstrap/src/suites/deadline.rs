//! Deadlines proven (`tests/deadline`): `model`, every interleaving of the slot protocol; `every-instruction`, a note at
//! each instruction of each timed operation; `never-early`; `foreign-notes` and `storm`, notes that are nobody's against
//! timed I/O with exact byte accounting.

use super::{Report, programs};
use crate::layout::Layout;
use crate::toolchain;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// Notes that are nobody's: a deadline's text with the number of no operation, what the kernel posts for a pipe, and
/// one that the programs watch.
const FOREIGN: [&str; 3] = ["rust dl aaaaaaaaaaaaaaaa", "sys: write on closed pipe", WATCHED];
const WATCHED: &str = "passing by";
/// How long it storms, in seconds.
const STORM: &str = "5";

/// Rounds that reach the last point: while the slot is armed, and with a note alone also while a deadline of the
/// operation's own is handled.
const FEW: u32 = 160;
const MANY: u32 = 800;
/// Timed operations, and whether their own deadlines fire, or may.
const OPERATIONS: [(&str, bool); 10] = [
    ("read-data", false),
    ("read-empty", true),
    ("poll-data", true),
    ("poll-empty", true),
    ("write-room", false),
    ("write-full", true),
    ("write-over", true),
    ("accept-call", false),
    ("accept-none", true),
    ("connect", false),
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
    if wanted("model") {
        report.record("deadline/model", model(layout));
    }
    if !["every-instruction", "never-early", "foreign-notes", "storm"].into_iter().any(wanted) {
        return Ok(());
    }
    let built = build(layout)?;
    if wanted("every-instruction") {
        every_instruction(layout, &built, part, report);
    }
    for (name, binary) in
        [("never-early", "early"), ("foreign-notes", "foreign"), ("storm", "storm")]
    {
        if !wanted(name) {
            continue;
        }
        let mut args = if name == "storm" { vec![STORM] } else { Vec::new() };
        if name != "never-early" {
            args.extend(FOREIGN);
        }
        for flags in [&[][..], &["--no-splice"]] {
            let title = format!("deadline/{name} {}", flags.join(" "));
            let title = title.trim_end();
            let result = one(layout, flags, &built.join(binary), &args);
            report.record(title, result.map(|said| print!("{title}: {said}")));
        }
    }
    Ok(())
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
fn build(layout: &Layout) -> Result<PathBuf> {
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
    for (operation, fires) in OPERATIONS {
        for posts in POSTS {
            let title = format!("deadline/every-instruction/{operation} {posts}");
            if !title.contains(part) {
                continue;
            }
            let rounds = if fires && !posts.contains("deadline") { MANY } else { FEW };
            let result = inject(layout, built, operation, rounds, posts);
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
    rounds: u32,
    posts: &str,
) -> Result<(usize, String)> {
    let rounds = rounds.to_string();
    let mut args = vec![operation, &rounds];
    if posts.contains("deadline") {
        args.push("deadline");
    }
    let flags = ["--inject", posts];
    let ended = programs::run(layout, &flags, &built.join("instructions"), &args)?;
    ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);
    let line = ended.stderr.lines().find_map(|line| line.strip_prefix("inject: "));
    let (count, end) = line
        .and_then(|line| line.split_once(" points, "))
        .with_context(|| format!("the machine did not say what it did:\n{}", ended.stderr))?;
    ensure!(end == "all", "{rounds} rounds were too few: {count} points, {end}");
    if posts.contains(WATCHED) {
        let all = format!(", {count} notes watched");
        ensure!(ended.stdout.contains(&all), "{count} notes were posted: {}", ended.stdout);
    }
    Ok((count.parse()?, ended.stdout))
}
