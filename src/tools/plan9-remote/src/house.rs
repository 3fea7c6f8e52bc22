//! What all connections share: the key, who has not yet shown that they have it, and the runs that there are.
//!
//! Of callers that are nobody yet, only so many are kept: one more, and the oldest is hung up. A caller that has the key
//! needs no longer than a few messages, so whoever holds connections open and says nothing cannot keep others out.

use crate::group::Group;
use plan9_remote_protocol::{Key, PORT};
use std::collections::{HashMap, HashSet, VecDeque};
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard};

/// Callers at once that are nobody yet.
const MAX_PENDING: usize = 16;

/// Where it listens unless it is told otherwise.
pub fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, PORT).into()
}

/// The one of this program.
pub struct House {
    pub key: Key,
    /// The names of the machine's own variables.
    pub variables: HashSet<OsString>,
    directory: PathBuf,
    max_runs: usize,
    verbose: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    pending: VecDeque<(u64, TcpStream)>,
    /// The folder of each run, and its group once it has one.
    runs: HashMap<u64, (PathBuf, Option<Group>)>,
}

impl House {
    pub fn new(key: Key, directory: PathBuf, max_runs: usize, verbose: bool) -> House {
        let variables = env::vars_os().map(|(name, _)| name).collect();
        let state = Mutex::new(State::default());
        House { key, variables, directory, max_runs, verbose, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A line for whoever wants to know.
    pub fn say(&self, line: fmt::Arguments<'_>) {
        if self.verbose {
            eprintln!("plan9-remote: {line}");
        }
    }

    /// Ends every run and takes its folder away.
    pub fn end_all(&self) {
        for (folder, group) in self.state().runs.values() {
            if let Some(group) = group {
                group.end();
            }
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A caller that is nobody yet, until this is dropped.
pub struct Pending {
    house: Arc<House>,
    number: u64,
}

impl Pending {
    pub fn of(house: &Arc<House>, stream: &TcpStream) -> io::Result<Pending> {
        let kept = stream.try_clone()?;
        let mut state = house.state();
        state.last += 1;
        let number = state.last;
        state.pending.push_back((number, kept));
        let oldest = match state.pending.len() > MAX_PENDING {
            true => state.pending.pop_front(),
            false => None,
        };
        drop(state);
        if let Some((_, oldest)) = oldest {
            let _ = oldest.shutdown(Shutdown::Both);
        }
        Ok(Pending { house: Arc::clone(house), number })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.house.state().pending.retain(|&(number, _)| number != self.number);
    }
}

/// A run's place among the others, and its folder, until this is dropped.
///
/// `folder/program` holds the program, `folder/work` is where it starts.
pub struct Place {
    house: Arc<House>,
    number: u64,
    pub folder: PathBuf,
}

impl Place {
    /// `None` if there are as many runs as there can be.
    pub fn take(house: &Arc<House>) -> Option<Place> {
        let mut state = house.state();
        if state.runs.len() >= house.max_runs {
            return None;
        }
        state.last += 1;
        let number = state.last;
        let folder = house.directory.join(format!("plan9-remote.{}.{number}", process::id()));
        state.runs.insert(number, (folder.clone(), None));
        Some(Place { house: Arc::clone(house), number, folder })
    }

    /// What is to be ended with the run.
    pub fn started(&self, group: Group) {
        if let Some(run) = self.house.state().runs.get_mut(&self.number) {
            run.1 = Some(group);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.folder) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                eprintln!("plan9-remote: {} stays: {why}", self.folder.display());
            }
            _ => {}
        }
        self.house.state().runs.remove(&self.number);
    }
}
