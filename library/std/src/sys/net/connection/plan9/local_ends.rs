//! The ends of conversations inside this machine that this program has, each pair of ends under one
//! key.
//!
//! Three workarounds need to know the other end: [`splice_race`](super::splice_race) waits until it
//! is there, [`splice_pointer`](super::splice_pointer) keeps a number until it has closed, and a
//! writer asks whether it still reads. Where both ends are this program's, the answer is here, and
//! costs no system call. Where the other end is another program's, its files tell.
//!
//! A key is the caller's address and the port that it called: no two conversations of one network
//! have both alike. The table is under one lock, and no system call is made while it is held. Each
//! end has a state that its pair shows without the lock, for writers:
//!
//! | state | what it says | next, and by whom |
//! |---|---|---|
//! | `ELSEWHERE` | another program's, or its descriptor was lent | `OPEN`: `enter` |
//! | `OPEN` | this program's | by its owner, `SHUT`: `shut`; `CLOSED`; `ELSEWHERE`: `leave` |
//! | `SHUT` | both directions were shut, its files are open | as `OPEN` |
//! | `CLOSED` | it closes or has closed; its `ctl` may be held here | `ELSEWHERE`: a release |
//!
//! States are written under the lock. A writer reads the other end's state without it, relaxed: it
//! decides about that one word alone, and one write more or less to an end that closes just now
//! makes no difference.

use super::conv_path::ConvPath;
use super::end_key::{Key, Role, Wanted};
use super::find_end::{find_end, is_end};
use super::network::{Network, Protocol};
use crate::collections::{BTreeMap, BTreeSet};
use crate::sync::Arc;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::nonpoison::{Mutex, MutexGuard};
use crate::sys::fd::FileDesc;

const ELSEWHERE: u32 = 0;
const OPEN: u32 = 1;
const SHUT: u32 = 2;
const CLOSED: u32 = 3;

/// No number of a conversation.
const NO_NUMBER: u32 = u32::MAX;

/// The states of both ends and the numbers of their conversations, by role.
#[derive(Debug)]
struct Pair {
    guessed: bool,
    states: [AtomicU32; 2],
    numbers: [AtomicU32; 2],
}

impl Pair {
    fn state(&self, role: Role) -> u32 {
        self.states[role as usize].load(Relaxed)
    }

    fn number(&self, role: Role) -> Option<u32> {
        Some(self.numbers[role as usize].load(Relaxed)).filter(|&number| number != NO_NUMBER)
    }
}

/// A pair, and the `ctl` of an end that is closed and keeps its number.
struct Entry {
    pair: Arc<Pair>,
    held: [Option<FileDesc>; 2],
}

struct Table {
    entries: BTreeMap<Key, Entry>,
    /// The numbers that ends in `entries` have.
    numbers: BTreeSet<(Network, u32)>,
    /// Keys of ends that are held for an end elsewhere, the oldest first.
    waiting: Vec<Key>,
}

static TABLE: Mutex<Table> =
    Mutex::new(Table { entries: BTreeMap::new(), numbers: BTreeSet::new(), waiting: Vec::new() });

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock()
}

impl Table {
    /// Nobody has an end of it any more, or one that is held and not needed: gives what was held.
    fn remove(&mut self, key: Key) -> [Option<FileDesc>; 2] {
        let Some(entry) = self.entries.remove(&key) else { return [None, None] };
        for role in [Role::Caller, Role::Answerer] {
            let number = entry.pair.number(role).filter(|_| entry.pair.state(role) != ELSEWHERE);
            number.map(|number| self.numbers.remove(&(key.network, number)));
            entry.pair.states[role as usize].store(ELSEWHERE, Relaxed);
        }
        self.waiting.retain(|&waiting| waiting != key);
        entry.held
    }
}

/// The number of an end of this program, if the table has it.
pub fn number(key: Key, role: Role) -> Option<u32> {
    let table = table();
    let pair = &table.entries.get(&key)?.pair;
    pair.number(role).filter(|_| pair.state(role) != ELSEWHERE)
}

/// Whether this program has an end that is a conversation of this number.
fn is_own(network: Network, number: u32) -> bool {
    table().numbers.contains(&(network, number))
}

/// The conversation that is that end, whose other end is `own`. Those that this program has are
/// left out.
pub fn find_other(own: ConvPath, wanted: Wanted) -> Option<ConvPath> {
    find_end(own, wanted, |number| is_own(own.network, number))
}

/// What the other end of one that closes is.
pub enum Other {
    /// Closed by this program; its number is held by this file.
    Closed(FileDesc),
    /// This program's, and open.
    Open,
    Elsewhere,
}

/// One end of a conversation inside this machine.
#[derive(Debug)]
pub struct End {
    key: Key,
    role: Role,
    pair: Arc<Pair>,
    own: u32,
}

impl End {
    /// This program has an end of these from now on; `None` if it has that end already, by another
    /// descriptor.
    pub fn enter(Wanted { key, role, guessed }: Wanted, own: u32) -> Option<End> {
        let mut table = table();
        let entry = table.entries.get(&key);
        let state = entry.map_or(ELSEWHERE, |entry| entry.pair.state(role));
        if matches!(state, OPEN | SHUT)
            && entry.is_some_and(|entry| entry.pair.number(role) == Some(own))
        {
            return None;
        }
        // An end that was closed long ago and had the same addresses: its other end is closed as
        // well, or the kernel would not have given them again.
        let old = if state == ELSEWHERE { [None, None] } else { table.remove(key) };
        let entry = table.entries.entry(key).or_insert_with(|| Entry {
            pair: Arc::new(Pair {
                guessed,
                states: [AtomicU32::new(ELSEWHERE), AtomicU32::new(ELSEWHERE)],
                numbers: [AtomicU32::new(NO_NUMBER), AtomicU32::new(NO_NUMBER)],
            }),
            held: [None, None],
        });
        let pair = Arc::clone(&entry.pair);
        pair.numbers[role as usize].store(own, Relaxed);
        pair.states[role as usize].store(OPEN, Relaxed);
        table.numbers.insert((key.network, own));
        drop(table);
        // Closing takes time.
        drop(old);
        Some(End { key, role, pair, own })
    }

    /// The pair's entry, unless another pair has got the same key.
    fn entry<'t>(&self, table: &'t mut Table) -> Option<&'t mut Entry> {
        table.entries.get_mut(&self.key).filter(|entry| Arc::ptr_eq(&entry.pair, &self.pair))
    }

    pub fn key(&self) -> Key {
        self.key
    }

    /// The other end, for a search.
    fn wanted(&self) -> Wanted {
        Wanted { key: self.key, role: self.role.other(), guessed: self.pair.guessed }
    }

    /// The other end's number is known.
    pub fn found_other(&self, number: u32) {
        self.pair.numbers[self.role.other() as usize].store(number, Relaxed);
    }

    /// The other end's conversation, as far as it is known.
    pub fn known_other(&self) -> Option<ConvPath> {
        let number = self.pair.number(self.role.other())?;
        Some(ConvPath { network: self.key.network, protocol: Protocol::Tcp, number })
    }

    /// The other end's conversation. It is looked for if it is not known.
    pub fn other(&self) -> Option<ConvPath> {
        self.known_other().or_else(|| {
            let own =
                ConvPath { network: self.key.network, protocol: Protocol::Tcp, number: self.own };
            let found = find_other(own, self.wanted())?;
            self.found_other(found.number);
            Some(found)
        })
    }

    /// This program has closed the other end, or shut it.
    pub fn other_has_closed(&self) -> bool {
        self.pair.state(self.role.other()) >= SHUT
    }

    /// The other end is another program's, as far as this one knows.
    pub fn other_is_elsewhere(&self) -> bool {
        self.pair.state(self.role.other()) == ELSEWHERE
    }

    /// Whether an end that is another program's is there and open, by its files; what cannot be
    /// read is. One that has become this program's meanwhile is there too: the search leaves it
    /// out.
    pub fn other_is_open(&self) -> bool {
        let other = self.other();
        other.is_some_and(|other| is_end(other, self.wanted()) != Some(false))
            || !self.other_is_elsewhere()
    }

    /// Both directions were shut.
    pub fn shut(&self) {
        let _table = table();
        self.pair.states[self.role as usize].store(SHUT, Relaxed);
    }

    /// This end will be closed. If the other end is held, this one is nobody's from now on.
    pub fn begin_close(&self) -> Other {
        let mut table = table();
        self.pair.states[self.role as usize].store(CLOSED, Relaxed);
        let other = self.role.other() as usize;
        let held = self.entry(&mut table).and_then(|entry| entry.held[other].take());
        match held {
            Some(held) => {
                table.remove(self.key);
                Other::Closed(held)
            }
            None if self.other_is_elsewhere() => Other::Elsewhere,
            None => Other::Open,
        }
    }

    /// This end is closed. Its number is kept until the other end has closed; gives what need not
    /// be kept any more.
    pub fn keep(self, ctl: FileDesc) -> [Option<FileDesc>; 3] {
        let mut table = table();
        let own = self.role as usize;
        let Some(entry) = self.entry(&mut table) else { return [Some(ctl), None, None] };
        if entry.held[self.role.other() as usize].is_some() {
            let [one, other] = table.remove(self.key);
            return [Some(ctl), one, other];
        }
        entry.held[own] = Some(ctl);
        if self.other_is_elsewhere() {
            table.waiting.push(self.key);
        }
        [None, None, None]
    }

    /// This end is not this program's any more, or its number need not be kept.
    pub fn leave(self) {
        let mut table = table();
        self.pair.states[self.role as usize].store(ELSEWHERE, Relaxed);
        let Some(entry) = self.entry(&mut table) else { return };
        let waits = entry.held.iter().any(Option::is_some);
        table.numbers.remove(&(self.key.network, self.own));
        if waits {
            table.waiting.push(self.key);
        } else if self.other_is_elsewhere() {
            table.remove(self.key);
        }
    }
}

impl Entry {
    /// The role of the end elsewhere that an end is held for.
    fn waits_for(&self) -> Option<Role> {
        let other = match &self.held {
            [Some(_), None] => Role::Answerer,
            [None, Some(_)] => Role::Caller,
            _ => return None,
        };
        (self.pair.state(other) == ELSEWHERE).then_some(other)
    }
}

/// The ends elsewhere that ends of a network are held for, and their conversations where those are
/// known. The oldest first.
pub fn waiting(network: Network) -> Vec<(Wanted, Option<ConvPath>)> {
    let table = &mut *table();
    let entries = &table.entries;
    let waits = |key: &Key| entries.get(key).is_some_and(|entry| entry.waits_for().is_some());
    table.waiting.retain(waits);
    let of_network = table.waiting.iter().filter(|key| key.network == network);
    let ends = of_network.filter_map(|&key| {
        let entry = entries.get(&key)?;
        let role = entry.waits_for()?;
        let wanted = Wanted { key, role, guessed: entry.pair.guessed };
        let number = entry.pair.number(role);
        Some((wanted, number.map(|number| ConvPath { network, protocol: Protocol::Tcp, number })))
    });
    ends.collect()
}

/// The numbers of these ends need not be kept: gives what held them. One whose other end is here by
/// now stays.
pub fn release(keys: &[Key]) -> Vec<[Option<FileDesc>; 2]> {
    let mut table = table();
    let mut released = Vec::new();
    for &key in keys {
        if table.entries.get(&key).is_some_and(|entry| entry.waits_for().is_some()) {
            released.push(table.remove(key));
        }
    }
    released
}
