//! Letting go of a server's files (`port/devmnt.c:mntclunk`).
//!
//! A file is let go of where its last holder goes, which may be anywhere in the kernel. So a [`Fid`](super::Fid) that is
//! dropped leaves a [`Clunk`] behind. The call that dropped it waits until the server has answered, as the kernel's does;
//! what a dying proc leaves is done without one, as the kernel's closing proc does (`port/chan.c:ccloseq`).

use super::fcall::Request;
use super::io::Rpc;
use crate::chan::{self, Chan};
use crate::dev::{INTERRUPTED, Operation, Pid, Result, Step, Value, WaitId};
use crate::kernel::Kernel;

/// A file that nobody holds any more.
pub struct Clunk {
    pub chan: Chan,
    pub number: u32,
    /// Nothing is to be told to the server.
    pub gone: bool,
    pub asked: Option<Rpc>,
}

impl std::fmt::Debug for Clunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "clunk of {}", self.number)
    }
}

/// Tells the servers, one after the other.
#[derive(Debug)]
pub struct Clunks(Vec<Clunk>);

/// What was dropped since the last call, if anything was.
pub fn dropped(k: &mut Kernel) -> Option<Clunks> {
    let dropped = std::mem::take(&mut *k.mounts.dropped.borrow_mut());
    (!dropped.is_empty()).then_some(Clunks(dropped))
}

impl Operation for Clunks {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        while let Some(clunk) = self.0.first_mut() {
            let done = if clunk.gone {
                Ok(Value::Count(0))
            } else {
                let (chan, fid) = (&clunk.chan, clunk.number);
                let rpc = clunk
                    .asked
                    .get_or_insert_with(|| Rpc::new(chan.clone(), Request::Clunk { fid }));
                match rpc.step(k, pid) {
                    Step::Done(value) => value,
                    wait @ Step::Wait(..) => return wait,
                }
            };
            // Without an answer the server may still have it.
            if !matches!(done, Err(ref why) if *why == INTERRUPTED) {
                k.mounts.free_fids.push(clunk.number);
            }
            let Clunk { chan, asked, .. } = self.0.remove(0);
            drop(asked);
            chan::release(k, chan);
        }
        Step::Done(Ok(Value::Count(0)))
    }

    fn goes_on(&mut self, k: &mut Kernel, pid: Pid) -> bool {
        let first = self.0.first_mut().and_then(|clunk| clunk.asked.as_mut());
        first.is_some_and(|rpc| rpc.goes_on(k, pid))
    }

    /// The proc is gone; what is left goes on without it.
    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        let mut left = std::mem::take(&mut self.0);
        if let Some(rpc) = left.first_mut().and_then(|clunk| clunk.asked.as_mut()) {
            let _ = rpc.interrupted(k, pid);
            let Clunk { chan, asked, .. } = left.remove(0);
            drop(asked);
            chan::release(k, chan);
        }
        k.mounts.dropped.borrow_mut().extend(left);
        Err(INTERRUPTED)
    }
}

/// The proc in whose name that is done which is no proc's.
const NOBODY: Pid = 0;

fn work(k: &mut Kernel, mut clunks: Clunks) {
    if let Step::Wait(id, _) = clunks.step(k, NOBODY) {
        k.mounts.workers.push((id, clunks));
    }
}

/// Sees to what no call waits for.
pub fn sweep(k: &mut Kernel) {
    while let Some(clunks) = dropped(k) {
        work(k, clunks);
    }
}

/// Goes on with what waits on `id` and is no proc's.
pub fn woken(k: &mut Kernel, id: WaitId) {
    let all = std::mem::take(&mut k.mounts.workers);
    let (ready, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(on, _)| *on == id);
    k.mounts.workers = rest;
    for (_, clunks) in ready {
        work(k, clunks);
    }
}
