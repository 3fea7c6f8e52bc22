//! Backtraces say file and line, those of panics and captured ones as well as that of a trap. Where
//! a function was inlined it is the line in the function that is named.

use std::backtrace::Backtrace;
use std::env;
use std::panic;
use std::process::Command;

#[inline(never)]
fn inner() -> (Backtrace, u32) {
    (Backtrace::force_capture(), line!())
}

/// Inlined, so not named: what is named beside its code is the line that calls it.
#[inline(always)]
fn inlined() -> (Backtrace, u32) {
    inner()
}

#[inline(never)]
fn outer() -> ((Backtrace, u32), u32) {
    (inlined(), line!())
}

/// Where the fault stands in this file.
const TRAPS_AT: u32 = line!() + 5;

#[inline(never)]
fn traps() -> u32 {
    // SAFETY: none: the fault is what is tested.
    unsafe { std::ptr::without_provenance_mut::<u8>(16).write_volatile(1) };
    TRAPS_AT
}

/// Where `main` begins.
const MAIN: u32 = line!() + 2;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("trap") => return println!("{}", traps()),
        Some("panic") => panic!("the end"),
        _ => {}
    }
    let ((trace, inside), outside) = outer();
    let text = trace.to_string();
    println!(
        "inner {}, outer {}",
        says(&text, "lines::inner", inside),
        says(&text, "lines::outer", outside)
    );
    println!("main {}", says(&text, "lines::main", MAIN + 6));
    let trap = stderr_of("trap");
    println!(
        "trap {}, its caller {}",
        says(&trap, "lines::traps", TRAPS_AT),
        says(&trap, "lines::main", MAIN + 2)
    );
    let panicked = stderr_of("panic");
    println!("panic {}", says(&panicked, "lines::main", MAIN + 3));
    let caught = panic::catch_unwind(|| drop(std::hint::black_box(outer())));
    println!("{}", caught.is_ok());
}

fn stderr_of(how: &str) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    let output = child.arg(how).env("RUST_BACKTRACE", "1").output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// Whether the line behind the one that ends in that name says this file and that line.
fn says(trace: &str, name: &str, line: u32) -> bool {
    let mut lines = trace.lines();
    let found = lines.any(|line| line.ends_with(name));
    let next = lines.next().unwrap_or_default();
    let right = found
        && next.trim_start().starts_with("at ")
        && next.ends_with(&format!("/lines.rs:{line}"));
    if !right {
        eprintln!("no {name} at line {line}:\n{trace}");
    }
    right
}
