//! What the suite `remote` runs on another machine: its first argument says what it does.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::plan9::note::{self, Notes};
use std::os::plan9::process::exits;
use std::process::{Command, Stdio, exit};
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["report", ..] => report(&words),
        ["copy"] => copy(),
        ["exits", text] => exits(text),
        ["files"] => files(),
        ["command", name] => run_command(name),
        ["spin"] => spin(),
        ["family"] => family(),
        ["child"] => child(),
        ["interrupt"] => interrupt(),
        ["flood", bytes, place] => flood(bytes.parse().unwrap(), place),
        ["deaf", seconds] => deaf(seconds.parse().unwrap()),
        ["pipe"] => pipe(),
        ["marked", mark] => marked(mark),
        ["listen1", server, key, folder] => listen1(server, key, folder),
        _ => exits("no such word"),
    }
}

/// Arguments, environment and folder on standard output, a line on standard error, and a number as exit text.
fn report(words: &[&str]) -> io::Result<()> {
    println!("{words:?}");
    for name in ["REMOTE_INHERITED", "REMOTE_GIVEN", "user", "PATH", "PLAN9_ON"] {
        println!("{name}={:?}", env::var(name).ok());
    }
    let names = fs::read_dir(".")?.count();
    println!("{names} names in a folder of {:?}", env::current_dir()?.file_name().unwrap());
    println!("{:?}", env::current_exe()?.file_name().unwrap());
    eprintln!("this is standard error");
    exit(7)
}

/// Standard input to standard output, byte by byte the same.
fn copy() -> io::Result<()> {
    let mut bytes = vec![0; 100_000];
    loop {
        match io::stdin().read(&mut bytes)? {
            0 => return Ok(()),
            n => io::stdout().write_all(&bytes[..n])?,
        }
    }
}

/// What was sent along, with modes as far as they matter.
fn files() -> io::Result<()> {
    println!("one: {:?}", fs::read_to_string("one")?);
    println!("deep: {:?}", fs::read("folder/deeper/two")?.len());
    println!("empty: {}", fs::read_dir("folder/empty")?.count());
    fs::write("folder/new", "made here")?;
    println!("bound: {:?}", fs::read_to_string("/lib/remote-test")?);
    Ok(())
}

/// A command that was sent along and bound before /bin.
fn run_command(name: &str) -> io::Result<()> {
    let output = Command::new(name).args(["report", "x"]).output()?;
    println!("{:?}", String::from_utf8_lossy(&output.stdout).lines().next());
    Ok(())
}

/// Runs for good, in two threads.
fn spin() -> io::Result<()> {
    thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    println!("spinning");
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Several procs that do not end by themselves: one that has ended left a child, one takes no notes.
fn family() -> io::Result<()> {
    let own = env::current_exe()?;
    let mut child = Command::new(&own).arg("child").stdout(Stdio::piped()).spawn()?;
    let mut line = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut line)?;
    println!("{}", String::from_utf8_lossy(&line).trim_end());
    spin()
}

/// Ignores all notes, with a child of its own that outlives its thread.
fn child() -> io::Result<()> {
    let _ignored = note::ignore([""])?;
    let _grandchild =
        Command::new(env::current_exe()?).arg("spin").stdout(Stdio::null()).spawn()?;
    println!("ready");
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Ends well when it is interrupted.
fn interrupt() -> io::Result<()> {
    let notes = Notes::watch(["interrupt"])?;
    println!("waiting");
    let note = notes.recv();
    println!("came: {}", String::from_utf8_lossy(note.text()));
    Ok(())
}

/// Writes so many bytes, and into a file how many it has written.
fn flood(bytes: usize, place: &str) -> io::Result<()> {
    let part = [b'x'; 64 << 10];
    let mut written = 0;
    while written < bytes {
        io::stdout().write_all(&part)?;
        io::stdout().flush()?;
        written += part.len();
        fs::write(place, written.to_string())?;
    }
    Ok(())
}

/// Reads nothing.
fn deaf(seconds: u64) -> io::Result<()> {
    println!("deaf");
    thread::sleep(Duration::from_secs(seconds));
    exit(5)
}

/// Writes until nobody reads.
fn pipe() -> io::Result<()> {
    loop {
        if let Err(why) = io::stdout().write_all(&[b'y'; 8192]) {
            eprintln!("{:?}", why.kind());
            exit(9)
        }
    }
}

/// How many procs there are of a program whose path has this in it.
fn marked(mark: &str) -> io::Result<()> {
    let mut count = 0;
    for proc in fs::read_dir("/proc")? {
        let args = fs::read_to_string(proc?.path().join("args"));
        count += usize::from(args.is_ok_and(|args| args.contains(mark)));
    }
    println!("{count}");
    Ok(())
}

/// As aux/listen1 does: a server for each call, with the connection as its standard descriptors.
fn listen1(server: &str, key: &str, folder: &str) -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:17019")?;
    println!("plan9-remote: listens at {}", listener.local_addr()?);
    loop {
        let connection = OwnedFd::from(listener.accept()?.0);
        let output = Stdio::from(connection.try_clone()?);
        let mut command = Command::new(server);
        command.args(["-i", "-k", key, "-d", folder]);
        command.stdin(Stdio::from(connection)).stdout(output).spawn()?;
    }
}
