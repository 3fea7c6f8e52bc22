//! The command line, and a program's end as an exit code.
//!
//! What `PLAN9_RUN_FLAGS` holds comes before it, for cargo's runner is given no options: those of the command line count
//! where both have one that can be given once.

use crate::kernel::inject::{self, Plan, Posts};
use crate::kernel::{Edition, Kernel, MAX_PROCS, Options};
use crate::remote;
use anyhow::{Context, Result, bail, ensure};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options that come before those of the command line.
pub(crate) const FLAGS: &str = "PLAN9_RUN_FLAGS";

/// Runs a Plan 9 amd64 executable on Linux, or with --on on another machine.
///
/// Options in the variable PLAN9_RUN_FLAGS, written as for a shell, come before those of the command line.
#[derive(Parser)]
#[command(version, args_override_self = true)]
struct Args {
    #[command(flatten)]
    remote: remote::Flags,
    /// Print on standard error one line a system call: seconds, proc, call, result or error string; also each note and end
    #[arg(long)]
    trace: bool,
    /// Print how often each system call was made, at the end, on standard error
    #[arg(long)]
    stats: bool,
    /// TCP between two programs of the machine goes through transmit queues, as towards another machine
    #[arg(long)]
    no_splice: bool,
    /// The longest packet of the loopback interface in bytes: 65536 by itself, of which IP drops every full one, and 65535
    /// with --no-splice
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(576..=65_536))]
    mtu: Option<u32>,
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
    /// Hold procs up at moments and for times that this number gives, and notes until the next tick, so that races show
    #[arg(long, value_name = "SEED", conflicts_with = "inject")]
    chaos: Option<u64>,
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
    /// Set a variable of the program's environment; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = OsStringValueParser::new().try_map(variable))]
    env: Vec<(String, Vec<u8>)>,
    /// The executable, a path of the host, and the program's arguments: whatever follows the executable is the program's
    #[arg(value_name = "PROGRAM", trailing_var_arg = true, required_unless_present = "new_key")]
    command: Vec<OsString>,
}

/// The command; the program's exit code becomes ours.
pub fn main() -> ExitCode {
    let result = words().and_then(|words| {
        let matches = Args::command().get_matches_from(words);
        let args = Args::from_arg_matches(&matches).unwrap_or_else(|why| why.exit());
        if let Some(file) = &args.remote.new_key {
            return remote::make_key(file).map(|()| ExitCode::SUCCESS);
        }
        match args.remote.place()? {
            Some(place) => {
                only_for_machines_elsewhere(&matches)?;
                remote::run(&place, &args.remote, args.bind, args.env, args.command)
            }
            None => {
                only_for_machines_here(&matches)?;
                run(args)
            }
        }
    });
    match result {
        Ok(code) => code,
        Err(why) => {
            eprintln!("plan9-run: {why:#}");
            ExitCode::FAILURE
        }
    }
}

/// The command line with what `PLAN9_RUN_FLAGS` puts in front.
fn words() -> Result<Vec<OsString>> {
    let mut words: Vec<OsString> = env::args_os().collect();
    if let Some(flags) = env::var_os(FLAGS) {
        let flags = shlex::bytes::split(flags.as_bytes())
            .with_context(|| format!("{FLAGS} has a quote or a backslash that is not ended"))?;
        let at = words.len().min(1);
        words.splice(at..at, flags.into_iter().map(OsString::from_vec));
    }
    Ok(words)
}

/// What the user wrote, by the options' ids.
fn given(matches: &ArgMatches) -> impl Iterator<Item = &str> {
    let ids = matches.ids().map(clap::Id::as_str);
    ids.filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine))
}

/// Refuses what tells the machine here how to be.
fn only_for_machines_elsewhere(matches: &ArgMatches) -> Result<()> {
    let common = ["bind", "env", "command", remote::Flags::GROUP];
    let own = given(matches).find(|id| !common.contains(id) && !remote::Flags::has(id));
    if let Some(id) = own {
        bail!(
            "--{} is for the machine within plan9-run, and --on or PLAN9_ON names another; leave out one of them",
            id.replace('_', "-")
        );
    }
    Ok(())
}

/// Refuses what only makes sense elsewhere.
fn only_for_machines_here(matches: &ArgMatches) -> Result<()> {
    let strange = given(matches).find(|id| remote::Flags::has(id));
    ensure!(
        strange.is_none(),
        "--{} is for another machine; name one by --on",
        strange.unwrap_or_default().replace('_', "-")
    );
    Ok(())
}

fn run(args: Args) -> Result<ExitCode> {
    let Some((program, rest)) = args.command.split_first() else {
        bail!("no program is named; name an executable")
    };
    let given = PathBuf::from(program);
    let shown = given.display();
    crate::program::check(&given)?;
    let program = std::path::absolute(&given)?;
    let root = args.root.canonicalize().with_context(|| {
        format!("--root {} is no folder of the host; name one that is", args.root.display())
    })?;
    let Ok(inside) = program.strip_prefix(&root) else {
        bail!("{shown} lies outside --root {}; copy it there", root.display());
    };
    let path = format!("/{}", inside.display());
    let mut argv = vec![given.as_os_str().as_bytes().to_vec()];
    argv.extend(rest.iter().map(|arg| arg.as_bytes().to_vec()));
    let ndb = args.ndb.map(|file| {
        std::fs::read_to_string(&file)
            .with_context(|| format!("--ndb {} cannot be read", file.display()))
    });
    let inject = match args.inject {
        None => None,
        Some(posts) => Some(Plan::new(posts, &std::fs::read(&given)?).with_context(|| {
            format!("--inject is for programs of our std; {shown} has no thread of it")
        })?),
    };
    let options = Options {
        edition: args.kernel,
        strict: args.strict,
        splice: !args.no_splice && args.kernel != Edition::April2024,
        mtu: args.mtu,
        gateway: !args.no_gateway,
        root,
        ramfs: args.ramfs,
        binds: args.bind,
        variables: args.env,
        procs: args.procs,
        trace: args.trace,
        stats: args.stats,
        ndb: ndb.transpose()?,
        publish: args.publish,
        inject,
        chaos: args.chaos,
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
    if let Some(line) = kernel.chaos_report().filter(|_| !status.is_empty()) {
        eprintln!("{line}");
    }
    Ok(ExitCode::from(exit_code(&status)))
}

/// The two names of `--bind`.
fn bound(text: &str) -> std::result::Result<(String, String), String> {
    let pair = text.split_once(':').filter(|(new, old)| !new.is_empty() && !old.is_empty());
    pair.map(|(new, old)| (new.to_string(), old.to_string()))
        .ok_or("write what is bound, a colon and where, such as /usr/glenda/bin:/bin".to_string())
}

/// The name and the value of `--env`.
fn variable(word: OsString) -> Result<(String, Vec<u8>)> {
    let word = word.into_vec();
    let at = word.iter().position(|&byte| byte == b'=');
    let name = at.and_then(|at| str::from_utf8(&word[..at]).ok());
    let name = name.filter(|name| !matches!(*name, "" | "." | "..") && !name.contains('/'));
    let (Some(name), Some(at)) = (name, at) else {
        bail!("write a name without a slash, = and the value, such as home=/tmp")
    };
    Ok((name.to_string(), word[at + 1..].to_vec()))
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
pub(crate) fn exit_code(status: &[u8]) -> u8 {
    if status.is_empty() {
        return 0;
    }
    let number = std::str::from_utf8(status).ok().and_then(|text| text.parse::<i32>().ok());
    number.map_or(1, |number| number as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn parsed(words: &[&str]) -> std::result::Result<(Args, ArgMatches), clap::Error> {
        let words = [&["plan9-run"], words].concat();
        let matches = Args::command().try_get_matches_from(words)?;
        Ok((Args::from_arg_matches(&matches)?, matches))
    }

    #[test]
    fn what_follows_the_program_is_the_programs() {
        for behind in [&["--version"][..], &["-h"], &["--", "--trace"], &["a", "--on", "b"]] {
            let (args, _) = parsed(&[&["--stats", "program"], behind].concat()).unwrap();
            assert_eq!(args.command[0], "program");
            assert_eq!(args.command[1..], *behind);
            assert!(args.stats && !args.trace && args.remote.on.is_none());
        }
        assert!(parsed(&["--no-such-option", "program"]).is_err());
        assert!(parsed(&[]).is_err());
    }

    #[test]
    fn the_last_of_an_option_that_is_given_once_counts_and_all_of_the_others() {
        let words = ["--procs=5", "--bind=a:b", "--trace", "--procs", "6", "--trace", "--bind=c:d"];
        let (args, _) = parsed(&[&words[..], &["program"]].concat()).unwrap();
        assert_eq!((args.procs, args.bind.len(), args.trace), (6, 2, true));
    }

    #[test]
    fn options_are_for_the_machine_here_or_for_another() {
        let (_, here) = parsed(&["--trace", "--env=a=b", "--bind=a:b", "program"]).unwrap();
        assert!(only_for_machines_here(&here).is_ok());
        let why = only_for_machines_elsewhere(&here).unwrap_err().to_string();
        assert!(why.starts_with("--trace is for the machine within"), "{why}");
        let words = ["--on=a", "--env=a=b", "--limit=3", "--bind=a:b", "program", "--trace"];
        let (_, there) = parsed(&words).unwrap();
        assert!(only_for_machines_elsewhere(&there).is_ok());
        let (_, there) = parsed(&["--limit=3", "program"]).unwrap();
        let why = only_for_machines_here(&there).unwrap_err().to_string();
        assert!(why.starts_with("--limit is for another"), "{why}");
        let (_, machine) = parsed(&["--no-splice", "program"]).unwrap();
        let why = only_for_machines_elsewhere(&machine).unwrap_err().to_string();
        assert!(why.starts_with("--no-splice is"), "{why}");
    }

    #[test]
    fn a_variable_has_a_name_and_any_bytes() {
        let (args, _) = parsed(&["--env", "a==b c", "--env=d=", "program"]).unwrap();
        assert_eq!(args.env, [("a".into(), b"=b c".to_vec()), ("d".into(), vec![])]);
        for wrong in ["a", "=a", "a/b=c", "..=c"] {
            assert!(parsed(&["--env", wrong, "program"]).is_err(), "{wrong}");
        }
    }
}
