//! A `plan9-remote` within `plan9-run`: a machine to run on where there is no other, as like the one that the goldens are
//! of as plan9-run makes it.
//!
//! It listens on a port of the host that was free, with a key of its own, and ends with this value.

use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// plan9-run's variables: another machine, its key, and options that come before others.
pub const ON: &str = "PLAN9_ON";
pub const KEY: &str = "PLAN9_KEY";
pub const FLAGS: &str = "PLAN9_RUN_FLAGS";

/// Where the server is in the machine.
const PORT: u16 = 17019;
/// A folder that the machine's programs see: a tree in memory hides the host's `/tmp`.
const VISIBLE: &str = "/var/tmp";
/// How long it may take to listen.
const START: Duration = Duration::from_secs(60);

/// The machine while it runs.
pub struct Served {
    child: Mutex<Child>,
    port: u16,
    folder: TempDir,
}

impl Served {
    /// Starts it. `tools` holds plan9-run, `program` is plan9-remote, and `ndb` what the machine knows of names.
    pub fn start(tools: &Path, program: &Path, ndb: &Path) -> Result<Self> {
        let folder = TempDir::new_in(VISIBLE)
            .with_context(|| format!("no folder can be made in {VISIBLE}"))?;
        let (machine, key) = (tools.join("plan9-run"), folder.path().join("key"));
        let status = clean(&machine).arg("--new-key").arg(&key).stdout(Stdio::null()).status();
        ensure!(status.context("plan9-run cannot be started")?.success(), "no key was made");
        let server = folder.path().join("plan9-remote");
        fs::copy(program, &server).context("there is no plan9-remote; run `x build`")?;
        // Free now, and nobody is told of it in between but by chance.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = folder.path().join("log");
        let child = clean(&machine)
            .args(["--ramfs", "/tmp", "--no-gateway", "--publish", &format!("{port}:{PORT}")])
            .arg("--ndb")
            .arg(ndb)
            .arg(&server)
            .args(["-a", &format!("0.0.0.0:{PORT}"), "-k"])
            .arg(&key)
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .spawn()
            .context("plan9-run cannot be started")?;
        let served = Self { child: Mutex::new(child), port, folder };
        let start = Instant::now();
        while !served.answers() {
            if let Some(why) = served.lost() {
                bail!(why);
            }
            ensure!(start.elapsed() < START, "it does not listen within {START:?}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(served)
    }

    /// Whether somebody waits for what a caller says: until the server has announced its port, the machine takes calls
    /// and resets them.
    fn answers(&self) -> bool {
        const MOMENT: Duration = Duration::from_millis(300);
        let Ok(mut call) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else {
            return false;
        };
        let _ = call.set_read_timeout(Some(MOMENT));
        match call.read(&mut [0]) {
            Ok(n) => n > 0,
            Err(why) => matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// Where it answers.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The file of its key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// That it has ended, and what it said, if it has.
    pub fn lost(&self) -> Option<String> {
        let status = self.child.lock().ok()?.try_wait().ok()??;
        let said = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Some(format!("plan9-remote has ended, {status}: {}", said.trim()))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A command without what the user says of machines.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for name in [ON, KEY, FLAGS] {
        command.env_remove(name);
    }
    command
}
