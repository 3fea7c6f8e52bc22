//! A server in the machine, and clients that call it.

use crate::layout::Layout;
use crate::suites::programs::Ended;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until something is so, and what.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(start.elapsed() < LIMIT, "after {LIMIT:?} it is not yet so that {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A server, until this is dropped.
pub struct Server {
    child: Child,
    machine: PathBuf,
    subject: PathBuf,
    port: u16,
    key: PathBuf,
    folder: TempDir,
}

impl Server {
    /// With flags of the server's.
    pub fn start(layout: &Layout, subject: &Path, flags: &[&str]) -> Result<Server> {
        let folder = tempfile::tempdir()?;
        let key = folder.path().join("key");
        let mut call = Command::new(layout.tools().join("plan9-run"));
        let made = call.arg("--new-key").arg(&key).status()?;
        ensure!(made.success(), "no key was made");
        Server::at(layout, subject, flags, &key, folder, false)
    }

    pub fn with_key(layout: &Layout, subject: &Path, flags: &[&str], key: &Path) -> Result<Server> {
        Server::at(layout, subject, flags, key, tempfile::tempdir()?, false)
    }

    /// One for each call, started as aux/listen1 does.
    pub fn listen1(layout: &Layout, subject: &Path) -> Result<Server> {
        let folder = tempfile::tempdir()?;
        let key = folder.path().join("key");
        let mut call = Command::new(layout.tools().join("plan9-run"));
        ensure!(call.arg("--new-key").arg(&key).status()?.success(), "no key was made");
        Server::at(layout, subject, &[], &key, folder, true)
    }

    fn at(
        layout: &Layout,
        subject: &Path,
        flags: &[&str],
        key: &Path,
        folder: TempDir,
        listen1: bool,
    ) -> Result<Server> {
        let machine = layout.tools().join("plan9-run");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let runs = folder.path().join("runs");
        fs::create_dir(&runs)?;
        let mut command = clean(&machine);
        command.arg(format!("--publish={port}:17019"));
        if listen1 {
            command.arg(subject).arg("listen1").arg(layout.server()).arg(key).arg(&runs);
        } else {
            command.arg(layout.server()).args(["-a", "0.0.0.0:17019", "-k"]).arg(key);
            command.arg("-d").arg(&runs).args(flags);
        }
        let errors = folder.path().join("errors");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors)?)
            .spawn()
            .context("plan9-run cannot be started; run `x build`")?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let (machine, subject) = (machine, subject.to_path_buf());
        let server = Server { child, machine, subject, port, key: key.to_path_buf(), folder };
        if line != "plan9-remote: listens at 0.0.0.0:17019\n" {
            bail!("the server says {line:?}\n{}", fs::read_to_string(errors)?);
        }
        Ok(server)
    }

    pub fn key(&self) -> &Path {
        &self.key
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A client of it, with flags of its own.
    pub fn call(&self, flags: &[&str]) -> Call {
        let mut call = Call::local(&self.machine, &self.subject);
        call.flags = vec![format!("--on={}", self.address())];
        call.flags.extend(flags.iter().map(|flag| flag.to_string()));
        call.command.env("PLAN9_KEY", &self.key);
        call
    }

    /// The same program in the machine within.
    pub fn local(&self, words: &[&str]) -> Result<Ended> {
        Call::local(&self.machine, &self.subject).run(words)
    }

    /// A connection of somebody's.
    pub fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(stream)
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// No run has left a folder.
    pub fn is_empty(&self) -> Result<()> {
        let left: Vec<_> = fs::read_dir(self.folder.path().join("runs"))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<_, _>>()?;
        ensure!(left.is_empty(), "{left:?} are left");
        Ok(())
    }

    /// No proc of another run is left.
    pub fn is_alone(&self) -> Result<()> {
        let ended = self.call(&[]).run(&["marked", "/program/remote"])?;
        ensure!(ended.stdout == "1\n", "procs of runs, this one counted: {}", ended.stdout);
        Ok(())
    }

    /// It serves the next client, and that at once.
    pub fn serves(&self) -> Result<()> {
        let start = Instant::now();
        let ended = self.call(&[]).run(&["report"])?;
        ensure!(ended.code == 7, "{}", ended.stderr);
        ensure!(start.elapsed() < Duration::from_secs(8), "it took {:?}", start.elapsed());
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// plan9-run about to be started.
pub struct Call {
    pub command: Command,
    flags: Vec<String>,
    program: PathBuf,
}

impl Call {
    /// In the machine within.
    pub fn local(machine: &Path, program: &Path) -> Call {
        Call { command: clean(machine), flags: Vec::new(), program: program.to_path_buf() }
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Call {
        self.command.env(name, value);
        self
    }

    pub fn key(self, key: &Path) -> Call {
        self.env("PLAN9_KEY", key)
    }

    pub fn spawn(mut self, words: &[&str], stdin: Stdio, stdout: Stdio) -> Result<Child> {
        self.command.args(&self.flags).arg(&self.program).args(words);
        let child = self.command.stdin(stdin).stdout(stdout).stderr(Stdio::inherit()).spawn();
        child.context("plan9-run cannot be started")
    }

    /// Runs it to its end.
    pub fn run(mut self, words: &[&str]) -> Result<Ended> {
        let folder = tempfile::tempdir()?;
        let place = |name: &str| folder.path().join(name);
        self.command.args(&self.flags).arg(&self.program).args(words);
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(File::create(place("out"))?)
            .stderr(File::create(place("err"))?)
            .spawn()
            .context("plan9-run cannot be started")?;
        let ended = until("the client has ended", || Ok(child.try_wait()?));
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let text = |name: &str| -> Result<String> {
            Ok(String::from_utf8_lossy(&fs::read(place(name))?).into_owned())
        };
        Ok(Ended { code: ended?.code().unwrap_or(-1), stdout: text("out")?, stderr: text("err")? })
    }
}

/// plan9-run without what this process was told about other machines.
fn clean(machine: &Path) -> Command {
    let mut command = Command::new(machine);
    for name in ["PLAN9_ON", "PLAN9_KEY", "PLAN9_RUN_FLAGS", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}
