//! `plan9-remote` lets others run programs on this Plan 9 machine: `plan9-run --on ADDRESS` calls it.
//!
//! A connection is a thread ([`session`]), which lets nobody in who has not the key, and then a run ([`run`]): a program in
//! a note group, name space, environment and folder of its own. [`house`] knows all of them.

mod args;
mod group;
mod house;
mod key;
mod run;
mod session;
mod streams;

use anyhow::{Context, Result, bail};
use args::{Args, Wish};
use house::{House, Pending};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::FromRawFd;
use std::os::plan9::note::Notes;
use std::os::plan9::process::exits;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    let done = match Args::read() {
        Ok(Wish::Help) => {
            print!("{}", args::HELP);
            Ok(())
        }
        Ok(Wish::NewKey(file)) => key::make(&file),
        Ok(Wish::Serve(args)) => serve(args),
        Err(why) => Err(why),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("plan9-remote: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: Args) -> Result<()> {
    let key = key::read(&key::file(args.key)?)?;
    let shown = args.directory.display();
    let folder = args.directory.metadata();
    let folder = folder.with_context(|| format!("{shown} cannot be looked at; name a folder"))?;
    if !folder.is_dir() || !args.directory.is_absolute() {
        bail!("{shown} is no folder with an absolute name; name one by --directory");
    }
    let house = Arc::new(House::new(key, args.directory, args.runs, args.verbose));
    end_with_all_runs(Arc::clone(&house))?;
    if args.listen1 {
        let stream = standard_stream()?;
        let pending = Pending::of(&house, &stream)?;
        return Ok(session::serve(&house, stream, pending)?);
    }
    let address = args.address;
    let listener = TcpListener::bind(address).with_context(|| {
        format!("nobody can be heard at {address}; name another address, or end who listens there")
    })?;
    println!("plan9-remote: listens at {}", listener.local_addr()?);
    loop {
        match listener.accept() {
            Ok((stream, peer)) => admit(&house, stream, peer),
            Err(why) => {
                eprintln!("plan9-remote: a call was lost: {why}");
                // What stopped this one, a limit of the machine say, may stop the next for a while.
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Gives a caller a thread, which is small until it is known who calls.
fn admit(house: &Arc<House>, stream: TcpStream, peer: SocketAddr) {
    /// In bytes.
    const STACK: usize = 256 << 10;
    let admitted = Pending::of(house, &stream).and_then(|pending| {
        let house = Arc::clone(house);
        thread::Builder::new().stack_size(STACK).spawn(move || {
            if let Err(why) = session::serve(&house, stream, pending) {
                house.say(format_args!("{peer}: {why}"));
            }
        })
    });
    if let Err(why) = admitted {
        house.say(format_args!("{peer}: {why}"));
    }
}

/// The connection that is standard input.
fn standard_stream() -> Result<TcpStream> {
    let place = session::channel(0).context("standard input cannot be looked at")?;
    if !place.trim_end().ends_with("/data") || !place.contains("/tcp/") {
        bail!(
            "standard input is no connection; let aux/listen1 start this, or leave out --listen1"
        );
    }
    // SAFETY: nothing else here uses standard input.
    Ok(unsafe { TcpStream::from_raw_fd(0) })
}

/// What ends this program, the interrupt key say, ends all that it runs first: they are in groups of their own, which the
/// note does not reach.
fn end_with_all_runs(house: Arc<House>) -> Result<()> {
    let notes = Notes::watch(["interrupt", "hangup", "kill", "term"])?;
    thread::Builder::new().spawn(move || {
        let note = notes.recv();
        house.end_all();
        exits(String::from_utf8_lossy(note.text()).as_ref())
    })?;
    Ok(())
}
