//! The connection server's file `/net/cs` and the resolver's `/net/dns` (`cmd/ndb/cs.c`, `cmd/ndb/dns.c`).
//!
//! A query is written and its answers are read, from offset 0 on, one a read. Both files are a file server's on the real
//! machine: an interrupted query whose answer is there succeeds all the same, and one that nobody answers is given up.

mod dns;
mod translate;

use super::ndb::{Ndb, Unknown};
use crate::dev::{
    Breakable, Error, INTERRUPTED, Operation, Pid, Result, Started, Step, Value, WaitId,
};
use crate::kernel::{Kernel, Options};
use std::collections::HashMap;

/// The longest query, in bytes.
const MAX_QUERY: usize = 127;
/// How long a query waits that nobody answers, in nanoseconds.
const PATIENCE_NS: u64 = 30_000_000_000;

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Cs,
    Dns,
}

impl Server {
    fn failure(self, text: &str) -> Error {
        let name = match self {
            Server::Cs => "cs",
            Server::Dns => "dns",
        };
        Error(format!("{name}: {text}").into())
    }
}

/// Why a query has no answers.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    Refused(String),
    /// There is no server to say so.
    Silence,
}

fn refused<T>(text: impl Into<String>) -> std::result::Result<T, Trouble> {
    Err(Trouble::Refused(text.into()))
}

/// The answers that each open file has waiting, and what they are taken from.
pub struct Queries {
    ndb: Ndb,
    answers: HashMap<u64, Vec<String>>,
    last: u64,
}

impl Queries {
    /// With the database that the command line names, or the one that is built in.
    pub fn new(options: &Options) -> Queries {
        let ndb = options.ndb.as_deref().map_or_else(Ndb::default, Ndb::parse);
        Queries { ndb, answers: HashMap::new(), last: 0 }
    }

    pub fn open(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub fn close(&mut self, file: u64) {
        self.answers.remove(&file);
    }

    /// The rest of the answer that an offset lies in, counted over all of them; nothing behind the last.
    pub fn answer(&self, file: u64, count: usize, offset: u64) -> Vec<u8> {
        let mut left = offset as usize;
        for line in self.answers.get(&file).into_iter().flatten() {
            if let Some(rest) = line.as_bytes().get(left..).filter(|rest| !rest.is_empty()) {
                return rest[..rest.len().min(count)].to_vec();
            }
            left -= line.len();
        }
        Vec::new()
    }
}

/// A query.
struct Ask {
    server: Server,
    file: u64,
    query: Vec<u8>,
    /// What the writer is told, once that is known.
    told: Option<Result<Value>>,
    until: Option<u64>,
    wait: WaitId,
}

/// Takes a query; its answers are read afterwards.
pub fn ask(k: &mut Kernel, server: Server, file: u64, query: &[u8]) -> Started {
    let (query, wait) = (query.to_vec(), k.waits.fresh());
    Started::Blocked(Box::new(Ask { server, file, query, told: None, until: None, wait }))
}

impl Ask {
    /// What is to be told; `None` if nobody answers.
    fn look(&self, k: &mut Kernel) -> Option<Result<Value>> {
        let queries = &mut k.net.cs;
        queries.answers.remove(&self.file);
        if self.query.len() > MAX_QUERY {
            return Some(Err(self.server.failure("request too long")));
        }
        let text = self.query.split(|&byte| byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let found = match self.server {
            Server::Cs => translate::translate(&queries.ndb, &text),
            Server::Dns => dns::resolve(&queries.ndb, &text),
        };
        match found {
            Ok(lines) => {
                queries.answers.insert(self.file, lines);
                Some(Ok(Value::Count(self.query.len() as u64)))
            }
            Err(Trouble::Refused(why)) => Some(Err(self.server.failure(&why))),
            Err(Trouble::Silence) => None,
        }
    }
}

impl Operation for Ask {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let now = k.mono_ns();
        match self.until {
            None => {
                self.until = Some(now + PATIENCE_NS);
                self.told = self.look(k);
                if self.told.is_none() {
                    k.timers.wake_at(now + PATIENCE_NS, self.wait);
                }
            }
            Some(until) if now >= until && self.told.is_none() => {
                self.told = Some(Err(self.server.failure(NOT_THERE)));
            }
            Some(_) => {}
        }
        // The answer is awaited in a sleep, which a pending interrupt ends.
        if k.procs.get(&pid).is_some_and(|proc| proc.notepending) {
            return Step::Wait(self.wait, Breakable::ByNotes);
        }
        match self.told.take() {
            Some(told) => Step::Done(told),
            None => Step::Wait(self.wait, Breakable::ByNotes),
        }
    }

    fn interrupted(&mut self, _k: &mut Kernel, _pid: Pid) -> Result<Value> {
        self.told.take().unwrap_or(Err(INTERRUPTED))
    }
}

/// The resolver's answer for a name that does not exist, as far as `cs` hands it on.
const NOT_THERE: &str = "can't translate address: dns: resource does not exist; negrcode";

fn unknown(why: Unknown) -> Trouble {
    match why {
        Unknown::NoSuchName => Trouble::Refused(NOT_THERE.into()),
        Unknown::Silence => Trouble::Silence,
    }
}
