//! The command line, and a program's end as an exit code.

use crate::kernel::inject::{self, Plan, Posts};
use crate::kernel::{Edition, Kernel, MAX_PROCS, Options};
use anyhow::{Context, Result, bail};
use clap::Parser;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs a Plan 9 amd64 executable on Linux.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Print on standard error one line a system call: seconds, proc, call, result or error string; also each note and end
    #[arg(long)]
    trace: bool,
    /// Print how often each system call was made, at the end, on standard error
    #[arg(long)]
    stats: bool,
    /// TCP between two programs of the machine goes through transmit queues, as towards another machine
    #[arg(long)]
    no_splice: bool,
    /// No way leads beyond 10.0.2.0/24: a call to there fails with "no route"
    #[arg(long)]
    no_gateway: bool,
    /// Names of hosts and services come from this file alone (man 6/ndb), not from the host
    #[arg(long, value_name = "FILE")]
    ndb: Option<PathBuf>,
    /// Kill what a kernel before 2025-04-05 kills: SSE and x87 in a note handler, noted outside one
    #[arg(long)]
    strict: bool,
    /// The kernel to be true to, by its date
    #[arg(long, value_name = "DATE", default_value = "2025-11")]
    kernel: Edition,
    /// Calls to the host's 127.0.0.1:HOSTPORT go to PORT of the machine, which is 10.0.2.15; may be given again. A call is
    /// reset while no program has announced PORT on that address or on all. (Programs reach the host's 127.0.0.1 as
    /// 10.0.2.2, and other addresses as they are)
    #[arg(long, value_name = "HOSTPORT:PORT", value_parser = published)]
    publish: Vec<(u16, u16)>,
    /// Post deadline, note:TEXT, or one behind the other with a + between, at every instruction of the main thread's
    /// timed operations, one an operation; each must follow a sleep of 0
    #[arg(long, value_name = "POSTS")]
    inject: Option<Posts>,
    /// The host folder that the programs see as /
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    root: PathBuf,
    /// Serve an empty tree in memory there, as 9front's ramfs does, instead of the host's folder
    #[arg(long, value_name = "DIRECTORY")]
    ramfs: Option<String>,
    /// Bind NEW before OLD in the programs' name space, as `bind -b` does; both are their names. May be given again
    #[arg(long, value_name = "NEW:OLD", value_parser = bound)]
    bind: Vec<(String, String)>,
    /// Procs that there can be at once
    #[arg(long, value_name = "NUMBER", default_value_t = MAX_PROCS)]
    procs: usize,
    /// The executable, a path of the host
    program: PathBuf,
    /// The program's arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// The command; the program's exit code becomes ours.
pub fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("plan9-run: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<ExitCode> {
    let shown = args.program.display();
    crate::program::check(&args.program)?;
    let program = std::path::absolute(&args.program)?;
    let root = args.root.canonicalize().with_context(|| {
        format!("--root {} is no folder of the host; name one that is", args.root.display())
    })?;
    let Ok(inside) = program.strip_prefix(&root) else {
        bail!("{shown} lies outside --root {}; copy it there", root.display());
    };
    let path = format!("/{}", inside.display());
    let mut argv = vec![args.program.as_os_str().as_bytes().to_vec()];
    argv.extend(args.args.into_iter().map(OsString::into_vec));
    let ndb = args.ndb.map(|file| {
        std::fs::read_to_string(&file)
            .with_context(|| format!("--ndb {} cannot be read", file.display()))
    });
    let inject = match args.inject {
        None => None,
        Some(posts) => {
            Some(Plan::new(posts, &std::fs::read(&args.program)?).with_context(|| {
                format!("--inject is for programs of our std; {shown} has no thread of it")
            })?)
        }
    };
    let options = Options {
        edition: args.kernel,
        strict: args.strict,
        splice: !args.no_splice && args.kernel != Edition::April2024,
        gateway: !args.no_gateway,
        root,
        ramfs: args.ramfs,
        binds: args.bind,
        procs: args.procs,
        trace: args.trace,
        stats: args.stats,
        ndb: ndb.transpose()?,
        publish: args.publish,
        inject,
        ..Options::default()
    };
    if options.inject.is_some() {
        inject::stay_on_one_processor();
    }
    let mut kernel = Kernel::new(options);
    kernel.boot(&path, argv).map_err(|why| anyhow::anyhow!("{shown}: {}", why.0))?;
    let status = kernel.run();
    if args.stats {
        eprint!("{}", kernel.stats.report());
    }
    if let Some(line) = kernel.inject_report() {
        eprint!("{line}");
    }
    Ok(ExitCode::from(exit_code(&status)))
}

/// The two names of `--bind`.
fn bound(text: &str) -> std::result::Result<(String, String), String> {
    let pair = text.split_once(':').filter(|(new, old)| !new.is_empty() && !old.is_empty());
    pair.map(|(new, old)| (new.to_string(), old.to_string()))
        .ok_or("write what is bound, a colon and where, such as /usr/glenda/bin:/bin".to_string())
}

/// The two ports of `--publish`.
fn published(text: &str) -> std::result::Result<(u16, u16), String> {
    let pair = text
        .split_once(':')
        .and_then(|(outside, port)| Some((outside.parse().ok()?, port.parse().ok()?)));
    pair.filter(|&(outside, port)| outside != 0 && port != 0)
        .ok_or("write the host's port, a colon and the program's port, such as 8080:80".to_string())
}

/// An empty status is success, a number is itself in its low 8 bits, any other text is failure.
fn exit_code(status: &[u8]) -> u8 {
    if status.is_empty() {
        return 0;
    }
    let number = std::str::from_utf8(status).ok().and_then(|text| text.parse::<i32>().ok());
    number.map_or(1, |number| number as u8)
}

#[cfg(test)]
mod tests {
    use super::{exit_code, published};

    #[test]
    fn published_ports_are_two_numbers() {
        assert_eq!(published("8080:80"), Ok((8080, 80)));
        for wrong in ["8080", "8080:", ":80", "0:80", "80:0", "x:80", "80:70000"] {
            assert!(published(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn statuses_become_codes() {
        for (status, code) in [("", 0), ("3", 3), ("101", 101), ("0", 0), ("failed", 1)] {
            assert_eq!(exit_code(status.as_bytes()), code, "{status:?}");
        }
    }
}
