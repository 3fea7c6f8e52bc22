//! `plan9-run --on` against `plan9-remote`, which runs in plan9-run's own machine: what users rely on, and what callers
//! without the key, or without manners, get.
//!
//! The program that is run is `tests/remote`.

mod callers;
mod server;

use super::{Report, programs};
use crate::layout::Layout;
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use server::{Call, Server, until};
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

/// One test, on a server of its own.
type Case = fn(&Bench) -> Result<()>;

const CASES: &[(&str, Case)] = &[
    ("arguments, environment, exit code", report),
    ("options by variables", variables),
    ("bytes through and through", bytes),
    ("exit texts", exit_texts),
    ("files go along and are gone", files),
    ("the program's own errors", errors),
    ("a limit", limit),
    ("the client is gone", gone),
    ("the server is ended", server_ended),
    ("interrupt", interrupt),
    ("several at a time", several),
    ("as many as can be", full),
    ("a reader that is slow", slow_reader),
    ("a reader that stops", reader_stops),
    ("input that nobody reads", deaf),
    ("under listen1", listen1),
    ("keys that others can read", open_keys),
    ("another key", callers::another_key),
    ("garbage", callers::garbage),
    ("frames of wrong lengths", callers::lengths),
    ("callers who say nothing", callers::silent),
    ("a caller who is slow", callers::slow),
    ("messages that are not allowed", callers::messages),
];

/// Where the programs are.
pub struct Bench<'a> {
    layout: &'a Layout,
    subject: PathBuf,
}

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let built = programs::build(layout, "tests/remote", "remote", &[])?;
    let bench = Bench { layout, subject: built.join("debug/remote") };
    for (name, case) in CASES {
        if name.contains(part) {
            report.record(&format!("remote/{name}"), case(&bench));
        }
    }
    Ok(())
}

impl Bench<'_> {
    fn server(&self) -> Result<Server> {
        Server::start(self.layout, &self.subject, &[])
    }
}

/// The end of a child that has files for its output.
fn code(child: &mut Child) -> Result<Option<i32>> {
    Ok(until("the client has ended", || Ok(child.try_wait()?))?.code())
}

fn report(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let call = server.call(&["--env", "REMOTE_GIVEN=a=b c", "--env=user=gnot"]);
    let ended =
        call.env("REMOTE_INHERITED", "yes").run(&["report", "--version", "two words", ""])?;
    let expected = "[\"report\", \"--version\", \"two words\", \"\"]\nREMOTE_INHERITED=Some(\"yes\")\n\
                    REMOTE_GIVEN=Some(\"a=b c\")\nuser=Some(\"gnot\")\nPATH=None\nPLAN9_ON=None\n\
                    0 names in a folder of \"work\"\n\"remote\"\n";
    programs::same("standard output", expected, &ended.stdout)?;
    programs::same("standard error", "this is standard error\n", &ended.stderr)?;
    ensure!(ended.code == 7, "the exit code is {}, expected 7", ended.code);
    // The machine's own variables stay.
    let ended = server.call(&[]).env("user", "nobody").run(&["report"])?;
    ensure!(ended.stdout.contains("user=Some(\"glenda\")"), "{}", ended.stdout);
    server.is_empty()
}

/// As under cargo, whose runner is given nothing but the program and its arguments.
fn variables(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let machine = bench.layout.tools().join("plan9-run");
    let call = || Call::local(&machine, &bench.subject).key(server.key());
    let flags = format!("--on {} --env 'REMOTE_GIVEN=two words'", server.address());
    let by_flags = call().env("PLAN9_RUN_FLAGS", flags).run(&["report", "--version"])?;
    let by_on = call().env("PLAN9_ON", server.address()).run(&["report", "--version"])?;
    for (ended, given) in [(by_flags, "Some(\"two words\")"), (by_on, "None")] {
        let lines =
            format!("[\"report\", \"--version\"]\nREMOTE_INHERITED=None\nREMOTE_GIVEN={given}\n");
        ensure!(ended.stdout.starts_with(&lines), "{}{}", ended.stdout, ended.stderr);
        ensure!(ended.stdout.contains("folder of \"work\""), "it ran here: {}", ended.stdout);
    }
    let ended = call().env("PLAN9_RUN_FLAGS", "--env 'a=b").run(&["report"])?;
    ensure!(ended.code == 1 && ended.stderr.contains("is not ended"), "{}", ended.stderr);
    let ended = call().env("PLAN9_ON", "a:b").run(&["report"])?;
    ensure!(ended.code == 1 && ended.stderr.contains("PLAN9_ON is no address"), "{}", ended.stderr);
    Ok(())
}

fn bytes(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    for count in [0, 1, 3_000_000] {
        let input: Vec<u8> = (0..count).map(super::interop::peer::byte_at).collect();
        let mut child = server.call(&[]).spawn(&["copy"], Stdio::piped(), Stdio::piped())?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        let mut stdout = child.stdout.take().context("no standard output")?;
        let output = thread::scope(|scope| {
            scope.spawn(|| {
                let _ = stdin.write_all(&input);
                drop(stdin);
            });
            let mut output = Vec::new();
            stdout.read_to_end(&mut output).map(|_| output)
        })?;
        ensure!(output == input, "of {count} bytes {} came back, or others", output.len());
        ensure!(code(&mut child)? == Some(0), "the exit code is not 0");
    }
    Ok(())
}

fn exit_texts(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    for (text, expected) in [("", 0), ("3", 3), ("101", 101), ("no luck", 1)] {
        let here = server.local(&["exits", text])?;
        let there = server.call(&[]).run(&["exits", text])?;
        ensure!(there.code == expected, "{text:?}: the exit code is {}", there.code);
        ensure!(there.code == here.code, "{text:?}: the exit code here is {}", here.code);
    }
    Ok(())
}

fn files(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mine = tempfile::tempdir()?;
    let place = |name: &str| mine.path().join(name);
    fs::create_dir_all(place("folder/deeper"))?;
    fs::create_dir(place("folder/empty"))?;
    fs::create_dir(place("lib"))?;
    fs::create_dir(place("bin"))?;
    fs::write(place("a"), "first")?;
    fs::write(place("folder/deeper/two"), vec![2; 100_000])?;
    fs::write(place("lib/remote-test"), "third")?;
    fs::copy(&bench.subject, place("bin/remote-command"))?;
    let send = |from: &str, name: &str| format!("--send={}={name}", place(from).display());
    // In the machine /lib is the host's own.
    let flags = [&send("a", "one"), &send("folder", "folder"), &send("lib", "l"), "--bind=l:/lib"];
    let ended = server.call(&flags).run(&["files"])?;
    let expected = "one: \"first\"\ndeep: 100000\nempty: 0\nbound: \"third\"\n";
    programs::same("standard output", expected, &format!("{}{}", ended.stdout, ended.stderr))?;
    let flags = [&send("bin", "b"), "--bind=b:/bin"];
    let ended = server.call(&flags).run(&["command", "remote-command"])?;
    let expected = "Some(\"[\\\"report\\\", \\\"x\\\"]\")\n";
    programs::same("standard output", expected, &format!("{}{}", ended.stdout, ended.stderr))?;
    ensure!(!place("folder/new").exists(), "the program's file came back");
    server.is_empty()
}

/// What cannot be done there is said here, in one sentence.
fn errors(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let ended = server.call(&["--bind=nowhere:/bin"]).run(&["report"])?;
    let said = "runs nothing: remote cannot be started there: ";
    ensure!(ended.code == 1 && ended.stderr.contains(said), "{}", ended.stderr);
    let ended = server.call(&["--send=/no/such/file=a"]).run(&["report"])?;
    let said = "/no/such/file cannot be sent";
    ensure!(ended.code == 1 && ended.stderr.contains(said), "{}", ended.stderr);
    // The client has gone in the middle: the server hears of it a moment later.
    until("the run's folder is gone", || Ok(server.is_empty().ok()))
}

fn limit(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let ended = server.call(&["--limit=1"]).run(&["family"])?;
    programs::same("standard output", "ready\nspinning\n", &ended.stdout)?;
    ensure!(ended.code == 124, "the exit code is {}, expected 124", ended.code);
    ensure!(ended.stderr.contains("was ended at 127.0.0.1:"), "{}", ended.stderr);
    server.is_empty()?;
    server.is_alone()
}

fn gone(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mut child = server.call(&[]).spawn(&["family"], Stdio::null(), Stdio::piped())?;
    let mut lines = [0; 15];
    child.stdout.take().context("no standard output")?.read_exact(&mut lines)?;
    ensure!(&lines == b"ready\nspinning\n", "{}", String::from_utf8_lossy(&lines));
    child.kill()?;
    child.wait()?;
    until("the run has ended", || Ok(server.is_empty().ok()))?;
    server.is_alone()
}

fn server_ended(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mut child = server.call(&[]).spawn(&["spin"], Stdio::null(), Stdio::piped())?;
    child.stdout.take().context("no standard output")?.read_exact(&mut [0; 9])?;
    server.signal(Signal::INT)?;
    let code = code(&mut child)?;
    ensure!(code == Some(1), "the client's exit code is {code:?}");
    until("the run's folder is gone", || Ok(server.is_empty().ok()))?;
    Ok(())
}

fn interrupt(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    for (word, line, said, expected) in
        [("interrupt", "waiting\n", "came: interrupt\n", 0), ("spin", "spinning\n", "", 1)]
    {
        let mut child = server.call(&[]).spawn(&[word], Stdio::null(), Stdio::piped())?;
        let mut stdout = child.stdout.take().context("no standard output")?;
        stdout.read_exact(&mut vec![0; line.len()])?;
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::INT)?;
        let mut rest = String::new();
        stdout.read_to_string(&mut rest)?;
        programs::same("standard output", said, &rest)?;
        let code = code(&mut child)?;
        ensure!(code == Some(expected), "{word}: the exit code is {code:?}");
    }
    // A program that takes no notice, and a second Ctrl-C.
    let mut child = server.call(&[]).spawn(&["child"], Stdio::null(), Stdio::piped())?;
    let mut stdout = child.stdout.take().context("no standard output")?;
    stdout.read_exact(&mut [0; 6])?;
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT)?;
    thread::sleep(Duration::from_millis(300));
    ensure!(child.try_wait()?.is_none(), "the first ended the client");
    kill_process(pid, Signal::INT)?;
    code(&mut child)?;
    until("the run has ended", || Ok(server.is_empty().ok()))?;
    server.is_alone()
}

fn several(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|number| {
                let server = &server;
                scope.spawn(move || -> Result<()> {
                    let own = number.to_string();
                    for _ in 0..3 {
                        let ended = server.call(&[]).run(&["report", &own])?;
                        let line = format!("[\"report\", \"{own}\"]");
                        let first = ended.stdout.lines().next();
                        ensure!(first == Some(&line) && ended.code == 7, "{}", ended.stderr);
                    }
                    Ok(())
                })
            })
            .collect();
        calls.into_iter().try_for_each(|call| match call.join() {
            Ok(ended) => ended,
            Err(_) => anyhow::bail!("a thread panicked"),
        })
    })?;
    server.is_empty()
}

fn full(bench: &Bench<'_>) -> Result<()> {
    let server = Server::start(bench.layout, &bench.subject, &["--runs=1"])?;
    let mut child = server.call(&[]).spawn(&["spin"], Stdio::null(), Stdio::piped())?;
    child.stdout.take().context("no standard output")?.read_exact(&mut [0; 9])?;
    let ended = server.call(&[]).run(&["report"])?;
    let said = "as many programs run there as can";
    ensure!(ended.code == 1 && ended.stderr.contains(said), "{}", ended.stderr);
    child.kill()?;
    child.wait()?;
    until("there is room again", || {
        let ended = server.call(&[]).run(&["report"])?;
        Ok((ended.code == 7).then_some(()))
    })
}

/// Nothing on the way holds more than a fixed number of bytes: the program gets no further.
fn slow_reader(bench: &Bench<'_>) -> Result<()> {
    const ALL: usize = 64 << 20;
    const ON_THE_WAY: usize = 4 << 20;
    let server = bench.server()?;
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("written");
    let words = ["flood", &ALL.to_string(), &place.display().to_string()];
    let mut child = server.call(&[]).spawn(&words, Stdio::null(), Stdio::piped())?;
    let written = || fs::read_to_string(&place).ok().and_then(|text| text.parse::<usize>().ok());
    let mut before = None;
    let stands = until("the program waits", || {
        thread::sleep(Duration::from_millis(500));
        let now = written();
        let stands = now.filter(|_| now == before);
        before = now;
        Ok(stands)
    })?;
    ensure!(stands < ON_THE_WAY, "{stands} bytes are on the way to a reader that does not read");
    let mut output = Vec::new();
    child.stdout.take().context("no standard output")?.read_to_end(&mut output)?;
    ensure!(output.len() == ALL, "{} bytes came", output.len());
    ensure!(code(&mut child)? == Some(0), "the exit code is not 0");
    Ok(())
}

fn reader_stops(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mut child = server.call(&[]).spawn(&["pipe"], Stdio::null(), Stdio::piped())?;
    child.stdout.take().context("no standard output")?.read_exact(&mut [0; 10])?;
    let code = code(&mut child)?;
    ensure!(code == Some(9), "the exit code is {code:?}, expected the program's, 9");
    server.is_empty()
}

fn deaf(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    // Both when the program ends by itself, and when its client goes.
    for kill in [false, true] {
        let seconds = if kill { "600" } else { "1" };
        let mut child =
            server.call(&[]).spawn(&["deaf", seconds], Stdio::piped(), Stdio::piped())?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        child.stdout.take().context("no standard output")?.read_exact(&mut [0; 5])?;
        let writer = thread::spawn(move || {
            let part = vec![0; 1 << 20];
            let mut written = 0;
            while written < 64 << 20 && stdin.write_all(&part).is_ok() {
                written += part.len();
            }
            written
        });
        if kill {
            thread::sleep(Duration::from_millis(500));
            child.kill()?;
        }
        let code = code(&mut child)?;
        ensure!(kill || code == Some(5), "the exit code is {code:?}");
        let written = writer.join().unwrap_or(usize::MAX);
        ensure!(written < 4 << 20, "{written} bytes went to a program that reads nothing");
        until("the run has ended", || Ok(server.is_empty().ok()))?;
    }
    Ok(())
}

fn listen1(bench: &Bench<'_>) -> Result<()> {
    let server = Server::listen1(bench.layout, &bench.subject)?;
    for _ in 0..2 {
        let ended = server.call(&[]).run(&["report"])?;
        ensure!(ended.code == 7, "{}", ended.stderr);
    }
    let ended = server.call(&["--limit=1"]).run(&["spin"])?;
    ensure!(ended.code == 124, "{}", ended.stderr);
    server.is_empty()
}

fn open_keys(bench: &Bench<'_>) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let server = bench.server()?;
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    fs::copy(server.key(), &key)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640))?;
    let why = Server::with_key(bench.layout, &bench.subject, &[], &key).err();
    let why = why.context("a server took a key that its group can read")?.to_string();
    ensure!(why.contains("can be read by others"), "{why}");
    let ended = server.call(&[]).key(&key).run(&["report"])?;
    ensure!(ended.code == 1 && ended.stderr.contains("can be read by others"), "{}", ended.stderr);
    // The server makes keys too.
    let new = folder.path().join("new");
    let made = Call::local(&bench.layout.tools().join("plan9-run"), &bench.layout.server());
    let ended = made.run(&["--new-key", &new.display().to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let mode = fs::metadata(&new)?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "the new key's mode is {mode:o}");
    Server::with_key(bench.layout, &bench.subject, &[], &new).map(drop)
}
