//! A program run on another machine, where `plan9-remote` answers, as if it ran here.
//!
//! What both say is in the crate `plan9-remote-protocol`. After the start, one thread moves each stream, one waits for
//! Ctrl-C, and the caller's own reads the connection until the program has ended.

mod flags;
mod key;
mod luggage;
mod streams;

pub use flags::{Flags, Place};
pub use key::make as make_key;

use crate::cli::exit_code;
use anyhow::{Context, Result, bail};
use plan9_remote_protocol::wire::{self, Receiver, Secret, Sender};
use plan9_remote_protocol::{Key, Message, Output, Request, Variable};
use rustix::net::sockopt;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use streams::Streams;

/// How long a machine may take to answer a call, and to show that it has the key.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a call that is reset is tried again, and how soon.
const RESETS: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(100);
/// How often a silent machine is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long after the limit the machine may take to end the program and to say so.
const LATE: Duration = Duration::from_secs(30);
/// The exit code where the program was ended because its time was over, as timeout(1) has it.
const OVER: u8 = 124;
/// The longest name of a variable, in bytes.
const MAX_NAME: usize = 127;
/// Variables that are about this machine alone.
const OURS: [&str; 4] = ["PATH", flags::ON, flags::KEY, crate::cli::FLAGS];

/// Runs the command there; its exit code becomes ours.
pub fn run(
    place: &Place,
    flags: &Flags,
    binds: Vec<(String, String)>,
    variables: Vec<(String, Vec<u8>)>,
    command: Vec<OsString>,
) -> Result<ExitCode> {
    let key = key::read(&flags.key_file()?)?;
    let mut words = command.into_iter();
    let program = PathBuf::from(words.next().context("no program is named")?);
    crate::program::check(&program)?;
    let name = program.file_name().and_then(|name| name.to_str());
    let request = Request {
        program: name.context("the program's name is not UTF-8; rename it")?.to_string(),
        args: words.map(OsString::into_vec).collect(),
        variables: environment(variables),
        binds,
        limit: flags.limit.map(|limit| limit.as_millis().max(1) as u64),
    };
    let (stream, secret) = enter(place, &key)?;
    stream.set_read_timeout(flags.limit.map(|limit| limit.saturating_add(LATE)))?;
    stream.set_write_timeout(None)?;
    let mut sender = Sender::client(secret.clone(), stream.try_clone()?)?;
    luggage::send(&mut sender, &request, &program, &flags.send)?;
    let streams = Arc::new(Streams::new(sender));
    let interrupts = Signals::new([SIGINT])?;
    thread::spawn({
        let streams = Arc::clone(&streams);
        move || interrupted(&streams, interrupts)
    });
    thread::spawn({
        let streams = Arc::clone(&streams);
        move || streams.feed(&mut io::stdin().lock())
    });
    let end = thread::scope(|scope| {
        scope.spawn(|| streams.write(Output::Stdout, &mut io::stdout()));
        scope.spawn(|| streams.write(Output::Stderr, &mut io::stderr()));
        let end = listen(Receiver::client(secret, stream), &streams);
        // What has come is written before this is over, whatever the end was.
        streams.finish();
        end
    });
    match end.with_context(|| format!("{place} was lost before the program had ended"))? {
        End::Exited(status) => Ok(ExitCode::from(exit_code(&status))),
        End::Refused(why) => bail!("{place} runs nothing: {why}"),
        End::Over => {
            let limit = flags.limit.unwrap_or_default();
            eprintln!("plan9-run: {} was ended at {place}, over {limit:?}", program.display());
            Ok(ExitCode::from(OVER))
        }
    }
}

/// How it ended.
enum End {
    Exited(Vec<u8>),
    Over,
    Refused(String),
}

/// Calls and shows that we have the key. A call that is reset, as calls are where too many wait, is tried again for a
/// while.
fn enter(place: &Place, key: &Key) -> Result<(TcpStream, Secret)> {
    let start = Instant::now();
    loop {
        let mut stream = call(place)?;
        match wire::initiate(&mut stream, key, key::random) {
            Ok(secret) => return Ok((stream, secret)),
            Err(why) if why.kind() == ErrorKind::ConnectionReset && start.elapsed() < RESETS => {
                thread::sleep(AGAIN);
            }
            Err(why) => {
                return Err(why).with_context(|| {
                    format!(
                        "{place} let nobody in; both machines need the same key and plan9-remote of one version"
                    )
                });
            }
        }
    }
}

/// Connects to the first address that answers.
fn call(place: &Place) -> Result<TcpStream> {
    let unreachable = || {
        format!(
            "{place} does not answer; start plan9-remote there, or name another machine by --on"
        )
    };
    let addresses =
        (place.host.as_str(), place.port).to_socket_addrs().with_context(unreachable)?;
    let mut last = io::Error::from(ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                sockopt::set_socket_keepalive(&stream, true)?;
                sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE)?;
                sockopt::set_tcp_keepintvl(&stream, KEEP_ALIVE)?;
                return Ok(stream);
            }
            Err(why) => last = why,
        }
    }
    Err(last).with_context(unreachable)
}

/// This process's variables as the machine within has them, and those that were given.
fn environment(given: Vec<(String, Vec<u8>)>) -> Vec<Variable> {
    let fits = |name: &String| {
        name.len() <= MAX_NAME && !name.contains('/') && !OURS.contains(&name.as_str())
    };
    let own = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(fits)?;
        Some(Variable { name, value: value.into_vec(), replaces: false })
    });
    let given = given.into_iter().map(|(name, value)| Variable { name, value, replaces: true });
    own.chain(given).collect()
}

/// Ctrl-C: the first is for the program over there, as on Plan 9; a second ends this, and so the run.
fn interrupted(streams: &Streams, mut interrupts: Signals) {
    let mut times = interrupts.forever();
    if times.next().is_some() {
        let _ = streams.send(&Message::Note(plan9_abi::note::INTERRUPT));
    }
    if times.next().is_some() {
        let _ = emulate_default_handler(SIGINT);
    }
}

/// Takes what the machine says until the program's end.
fn listen(mut receiver: Receiver<TcpStream>, streams: &Streams) -> io::Result<End> {
    loop {
        match receiver.receive()? {
            Message::Output { output, bytes } => streams.queue(output).push(bytes)?,
            Message::InputRoom(bytes) => streams.input.add(bytes)?,
            Message::InputShut => streams.input.close(),
            Message::End { over: true, .. } => return Ok(End::Over),
            Message::End { status, over: false } => return Ok(End::Exited(status.to_vec())),
            Message::Refused(why) => return Ok(End::Refused(why.to_string())),
            _ => return Err(ErrorKind::InvalidData.into()),
        }
    }
}
