//! Who wants which notes, and the thread that hands them out.
//!
//! A note handler runs at any instruction and may do next to nothing, so ordinary code gets its
//! notes on an ordinary thread. While anybody watches, the handler puts every note that is not the
//! kernel's own into the
//! [`queue`]; the dispatcher gives each to the watcher that named its text
//! last, and ends the program by a note that nobody named, which is what the kernel would do.

use plan9_abi::sys::error;

use crate::ffi::CStr;
use crate::io;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::mpsc::{Receiver, Sender, channel};
use crate::sync::nonpoison::{Mutex, MutexGuard};
use crate::sys::pal::notes::queue::{self, WATCHERS};
use crate::sys::pal::{exit, shared_static};
use crate::sys::thread::service;

/// The dispatcher's stack, in bytes.
const STACK: usize = 64 << 10;

/// A note that was asked for.
#[derive(Clone, Debug)]
pub struct Note {
    pub text: Vec<u8>,
    pub pid: u32,
}

struct Watcher {
    id: u64,
    prefixes: Vec<Vec<u8>>,
    /// Notes that came to other threads than main as well.
    every_thread: bool,
    /// `None`: they are forgotten.
    sender: Option<Sender<Note>>,
}

struct Registry {
    watchers: Vec<Watcher>,
    last: u64,
    dispatching: bool,
}

shared_static! {
    static REGISTRY: Mutex<Registry> =
        Mutex::new(Registry { watchers: Vec::new(), last: 0, dispatching: false });
    "__rust_plan9_note_registry"
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock()
}

/// A watcher's place, until it is dropped.
#[derive(Debug)]
pub struct Watch(u64);

impl Drop for Watch {
    fn drop(&mut self) {
        registry().watchers.retain(|watcher| watcher.id != self.0);
        WATCHERS.fetch_sub(1, SeqCst);
    }
}

/// Asks for the notes whose texts begin with one of `prefixes`; they come through the receiver.
/// Without a receiver they are forgotten.
pub fn watch(
    prefixes: Vec<Vec<u8>>,
    every_thread: bool,
    wanted: bool,
) -> io::Result<(Watch, Receiver<Note>)> {
    let (sender, receiver) = channel();
    let mut registry = registry();
    if !registry.dispatching {
        queue::RING.prepare();
        service("notes", STACK, dispatch)?;
        registry.dispatching = true;
    }
    registry.last += 1;
    let id = registry.last;
    let sender = wanted.then_some(sender);
    registry.watchers.push(Watcher { id, prefixes, every_thread, sender });
    WATCHERS.fetch_add(1, SeqCst);
    Ok((Watch(id), receiver))
}

fn dispatch() {
    loop {
        while let Some(note) = queue::take() {
            let text = error::until_nul(&note.text);
            let registry = registry();
            let names =
                |watcher: &&Watcher| watcher.prefixes.iter().any(|prefix| text.starts_with(prefix));
            let Some(watcher) = registry.watchers.iter().rev().find(names) else {
                exit::exit_with(CStr::from_bytes_until_nul(&note.text).unwrap_or(c"note"));
            };
            if let Some(sender) = &watcher.sender
                && (watcher.every_thread || queue::reached_main(&note))
            {
                let _ = sender.send(Note { text: text.to_vec(), pid: note.pid as u32 });
            }
        }
        queue::wait();
    }
}
