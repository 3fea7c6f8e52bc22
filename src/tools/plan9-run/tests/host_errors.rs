//! What goes wrong on the host has the kernel's words: a pipe that nobody reads any more, a name that no file can have.

#[allow(dead_code, reason = "the rest is for the other tests")]
mod common;

use common::{Code, executable, put};
use plan9_abi::sysno;
use std::process::{Command, Stdio};

/// Where the data lies.
const DATA: u64 = 0x40_0000;

/// A machine for a program of some calls, with its trace on standard error.
fn machine(folder: &std::path::Path, code: &Code, data: &[u8]) -> Command {
    let program = put(folder, "x", &executable(&code.0, data, 0));
    let mut command = Command::new(env!("CARGO_BIN_EXE_plan9-run"));
    command.arg("--trace").arg(program).stdin(Stdio::null());
    command
}

fn exits(code: &mut Code) {
    code.call(sysno::EXITS as u64, [0; 5]);
}

#[test]
fn a_pipe_of_the_host_that_nobody_reads_is_hung_up() {
    let mut code = Code::start();
    code.call(sysno::PWRITE as u64, [1, DATA, 4, u64::MAX, 0]);
    exits(&mut code);
    let folder = tempfile::tempdir().unwrap();
    let mut data = vec![0; 0x1000];
    data[..4].copy_from_slice(b"word");
    let mut child = machine(folder.path(), &code, &data);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let trace = String::from_utf8_lossy(&output.stderr);
    assert!(trace.contains("\"word\", 4, -1) = -1 'i/o on hungup channel'"), "{trace}");
    assert!(trace.contains("note 'sys: write on closed pipe pc="), "{trace}");
    assert_eq!(output.status.code(), Some(1), "nobody handles the note: {trace}");
}

#[test]
fn a_name_that_the_host_cannot_have_is_too_long() {
    let mut code = Code::start();
    code.call(sysno::OPEN as u64, [DATA, 0, 0, 0, 0]);
    code.call(sysno::CREATE as u64, [DATA, 1, 0o600, 0, 0]);
    exits(&mut code);
    let folder = tempfile::tempdir().unwrap();
    let mut data = vec![0; 0x1000];
    let name = format!("/tmp/{}", "a".repeat(300));
    data[..name.len()].copy_from_slice(name.as_bytes());
    let output = machine(folder.path(), &code, &data).output().unwrap();
    let trace = String::from_utf8_lossy(&output.stderr);
    assert_eq!(trace.matches("= -1 'name too long: ").count(), 2, "{trace}");
}
