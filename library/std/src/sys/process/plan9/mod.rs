//! Child processes.
//!
//! Only the proc that forked a child hears of its end, so each child has a thread of its own that
//! forks it and then waits for it ([`reaper`]); `Child` asks that thread. [`fork_exec`] is what the
//! child does before it becomes the program.

mod command;
mod fork_exec;
mod reaper;
mod rfork_options;
mod status;
pub mod watch_notes;

pub use command::{Command, CommandArgs, Stdio};
pub use reaper::Process;
pub use rfork_options::Group;
pub use status::{ExitCode, ExitStatus, ExitStatusError};

pub use crate::ffi::OsString as EnvKey;
pub use crate::sys::pal::getpid;
use crate::{io, thread};

pub type ChildPipe = crate::sys::pipe::Pipe;

/// Reads both to their ends, one of them on a thread: there is no waiting for either.
pub fn read_output(
    out: ChildPipe,
    stdout: &mut Vec<u8>,
    err: ChildPipe,
    stderr: &mut Vec<u8>,
) -> io::Result<()> {
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || err.read_to_end(stderr))?;
        out.read_to_end(stdout)?;
        match other.join() {
            Ok(result) => result.map(drop),
            Err(panic) => crate::panic::resume_unwind(panic),
        }
    })
}

pub fn output(command: &mut Command) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (mut process, mut pipes) = command.spawn(Stdio::MakePipe, false)?;
    drop(pipes.stdin.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    match (pipes.stdout.take(), pipes.stderr.take()) {
        (None, None) => {}
        (Some(out), None) => drop(out.read_to_end(&mut stdout)?),
        (None, Some(err)) => drop(err.read_to_end(&mut stderr)?),
        (Some(out), Some(err)) => read_output(out, &mut stdout, err, &mut stderr)?,
    }
    Ok((process.wait()?, stdout, stderr))
}
