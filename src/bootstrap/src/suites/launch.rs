//! Starting a program for Plan 9 on the machine that the suites run on, and building packages of such programs.
//!
//! The embedded machine is made anew for each program, with the flags that the program asks for. On another machine a
//! program gets what can be had there: an empty tree in memory where it asks for `--ramfs` (`tests/machine`'s `fresh`
//! mounts one), and the commands of `tests/bin`.

use crate::layout::{Layout, TRIPLE};
use crate::verbs::plan9_cargo;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder for programs that no suite hides.
const VISIBLE: &str = "/var/tmp";
/// The exit code of plan9-run when another machine has ended a program at its limit.
const LIMIT_CODE: i32 = 124;
/// What is allowed on top of a limit that another machine keeps, for the way there and back.
const WAY: Duration = Duration::from_secs(60);

/// What a program left behind.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A command that runs a program, and the folder that must be there as long as it runs.
pub struct Prepared {
    pub command: Command,
    _elsewhere: Option<TempDir>,
}

/// The command for a program. Another machine ends it after `limit`; here the caller has to.
pub fn prepare(
    layout: &Layout,
    limit: Option<Duration>,
    flags: &[&str],
    binary: &Path,
    args: &[&str],
) -> Result<Prepared> {
    let mut command = Command::new(layout.tools().join("plan9-run"));
    layout.machine.tell(&mut command);
    command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    if !layout.machine.is_embedded() {
        if let Some(limit) = limit {
            command.arg("--limit").arg(limit.as_secs_f64().to_string());
        }
        elsewhere(layout, &mut command, flags, binary)?;
        command.args(args);
        return Ok(Prepared { command, _elsewhere: None });
    }
    let elsewhere = out_of_sight(flags, binary)?;
    command.args(flags);
    match &elsewhere {
        Some(folder) => {
            command.current_dir(folder.path()).arg(folder.path().join(name_of(binary)));
        }
        None => drop(command.arg(binary)),
    }
    command.args(args);
    Ok(Prepared { command, _elsewhere: elsewhere })
}

/// The options and the program for another machine.
fn elsewhere(layout: &Layout, command: &mut Command, flags: &[&str], binary: &Path) -> Result<()> {
    let mut directory = None;
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        match *flag {
            "--ramfs" => directory = flags.next(),
            flag if flag.starts_with("--send=") || flag.starts_with("--bind=") => {
                command.arg(flag);
            }
            flag => bail!("{flag} is for the embedded machine, not for {}", layout.machine.name()),
        }
    }
    let Some(directory) = directory else {
        command.arg(binary);
        return Ok(());
    };
    let name = name_of(binary).to_str().context("a program's name is not UTF-8")?;
    let fresh = build(layout, "tests/machine", "machine", &["--release"])?.join("release/fresh");
    let mut sent = std::ffi::OsString::from("--send=");
    sent.push(binary);
    sent.push(format!("={name}"));
    command.arg(sent).arg(fresh).args([directory, name]);
    Ok(())
}

/// Runs `binary` for `limit` at most; its output goes through files, so that no pipe fills up.
pub fn run(
    layout: &Layout,
    limit: Duration,
    flags: &[&str],
    binary: &Path,
    args: &[&str],
) -> Result<Ended> {
    let (out, err) = (binary.with_extension("out"), binary.with_extension("err"));
    let mut prepared = prepare(layout, Some(limit), flags, binary, args)?;
    let mut child = prepared
        .command
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .spawn()
        .context("plan9-run cannot be started; run `x build`")?;
    let late = if layout.machine.is_embedded() { limit } else { limit + WAY };
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > late {
            child.kill()?;
            child.wait()?;
            let said = String::from_utf8_lossy(&fs::read(&err)?).into_owned();
            bail!("it did not end within {late:.0?}\n{said}");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let text = |file: &Path| -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(file)?).into_owned())
    };
    let ended =
        Ended { code: status.code().unwrap_or(-1), stdout: text(&out)?, stderr: text(&err)? };
    if !layout.machine.is_embedded() && ended.code == LIMIT_CODE {
        bail!(
            "it did not end within {limit:.0?}; it had printed:\n{}{}",
            ended.stdout,
            ended.stderr
        );
    }
    if let Some(why) = layout.machine.lost() {
        bail!(why);
    }
    Ok(ended)
}

/// Where the machine serves a tree in memory at a folder that holds the program, the program does not see itself: then
/// a copy of it in a folder that stays visible, for as long as that is held.
fn out_of_sight(flags: &[&str], binary: &Path) -> Result<Option<TempDir>> {
    let hidden = flags.windows(2).any(|pair| {
        pair[0] == "--ramfs" && absolute(binary).is_ok_and(|at| at.starts_with(pair[1]))
    });
    if !hidden {
        return Ok(None);
    }
    let folder = TempDir::new_in(VISIBLE)
        .with_context(|| format!("no folder can be made in {VISIBLE}; clone outside /tmp"))?;
    fs::copy(binary, folder.path().join(name_of(binary)))?;
    Ok(Some(folder))
}

fn name_of(binary: &Path) -> &Path {
    binary.file_name().map_or(binary, Path::new)
}

/// Builds a folder's package of programs for Plan 9, in release if `flags` say so; gives the folder of its targets.
pub fn build(layout: &Layout, folder: &str, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let target = layout.build.join("test").join(name);
    let mut cargo = plan9_cargo(layout, &[])?;
    cargo.args(["build", "--quiet", "--locked", "--target", TRIPLE]).args(flags);
    let output = cargo
        .arg("--manifest-path")
        .arg(layout.root.join(folder).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .context("the toolchain's cargo cannot be started; run `x doctor`")?;
    ensure!(
        output.status.success(),
        "the programs did not build\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(target.join(TRIPLE))
}
