//! Notes: what other programs and the kernel tell a running one (man 2/notify).
//!
//! A note that nobody asked for ends the program, as it would end one in C; its text becomes the
//! status. [`Notes::watch`] asks for notes by the beginning of their texts, and hands them to
//! ordinary code, which may do anything. [`ignore`] asks for them to be forgotten. Neither a
//! blocked call nor a timeout of [`std::net`](crate::net) is ended, shortened or lengthened by a
//! note that is watched or ignored.
//!
//! The kernel's own notes, those that begin with `sys:`, tell of a fault, and end the program
//! always. The notes by which std ends a wait when its timeout has passed are never seen.
//!
//! A note posted to a program's pid reaches its main thread. A note posted to a group (by the
//! interrupt key, say) reaches each thread, for a thread is a proc: watchers get the main thread's
//! copy, and the others are forgotten.
//!
//! # Examples
//!
//! ```no_run
//! use std::os::plan9::note::{self, Notes};
//! use std::process;
//!
//! fn main() -> std::io::Result<()> {
//!     let notes = Notes::watch(["hello", "goodbye"])?;
//!     note::post(process::id(), b"hello there")?;
//!     let note = notes.recv();
//!     assert_eq!(note.text(), b"hello there");
//!     Ok(())
//! }
//! ```

use crate::io;
use crate::sync::mpsc::Receiver;
use crate::sys::notes::queue;
use crate::sys::process::watch_notes::{self, Watch};
use crate::sys::{alarm as set_alarm, cvt, proc_file};
use crate::time::Duration;

/// A note that came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[stable(feature = "rust1", since = "1.0.0")]
pub struct Note {
    text: Vec<u8>,
    pid: u32,
}

impl Note {
    /// Its text, at most 127 bytes.
    #[must_use]
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The pid of the thread that it came to.
    #[must_use]
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

/// The notes of one watcher, in the order in which they came. Dropping it gives them back to
/// whoever watched them before, or to their default, which is the program's end.
#[derive(Debug)]
#[stable(feature = "rust1", since = "1.0.0")]
pub struct Notes {
    receiver: Receiver<watch_notes::Note>,
    _watch: Watch,
}

impl Notes {
    /// Watches the notes whose texts begin with one of `prefixes`; an empty prefix is that of every
    /// note. Where several watchers name a note, the last to come gets it.
    ///
    /// # Errors
    ///
    /// If the thread that hands out notes cannot be started.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn watch<P: AsRef<[u8]>>(prefixes: impl IntoIterator<Item = P>) -> io::Result<Notes> {
        Self::new(prefixes, false)
    }

    /// As [`watch`](Self::watch), and gets the copies that reach other threads than the main one
    /// too.
    ///
    /// # Errors
    ///
    /// If the thread that hands out notes cannot be started.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn watch_every_thread<P: AsRef<[u8]>>(
        prefixes: impl IntoIterator<Item = P>,
    ) -> io::Result<Notes> {
        Self::new(prefixes, true)
    }

    fn new<P: AsRef<[u8]>>(
        prefixes: impl IntoIterator<Item = P>,
        every_thread: bool,
    ) -> io::Result<Notes> {
        let (watch, receiver) = watch_notes::watch(owned(prefixes), every_thread, true)?;
        Ok(Notes { receiver, _watch: watch })
    }

    /// Waits for the next note.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn recv(&self) -> Note {
        loop {
            // The sender is registered as long as the watch is, which this value holds.
            if let Ok(note) = self.receiver.recv() {
                return public(note);
            }
        }
    }

    /// Waits for the next note, but no longer than this.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Note> {
        self.receiver.recv_timeout(timeout).ok().map(public)
    }

    /// The next note if it has already come.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn try_recv(&self) -> Option<Note> {
        self.receiver.try_recv().ok().map(public)
    }
}

/// Notes that are forgotten, until this is dropped.
#[derive(Debug)]
#[must_use = "the notes are ignored until this is dropped"]
#[stable(feature = "rust1", since = "1.0.0")]
pub struct Ignored {
    _watch: Watch,
}

/// Forgets the notes whose texts begin with one of `prefixes`, on every thread.
///
/// # Errors
///
/// If the thread that hands out notes cannot be started.
#[stable(feature = "rust1", since = "1.0.0")]
pub fn ignore<P: AsRef<[u8]>>(prefixes: impl IntoIterator<Item = P>) -> io::Result<Ignored> {
    let (watch, _) = watch_notes::watch(owned(prefixes), false, false)?;
    Ok(Ignored { _watch: watch })
}

/// How many notes came faster than they could be handed out, since the program started.
#[must_use]
#[stable(feature = "rust1", since = "1.0.0")]
pub fn lost() -> u64 {
    queue::lost()
}

/// Posts a note to a proc (man 3/proc).
///
/// # Errors
///
/// What the kernel says: no such proc, another user's, a text longer than 127 bytes, five notes
/// waiting already ([`ResourceBusy`](io::ErrorKind::ResourceBusy)).
#[stable(feature = "rust1", since = "1.0.0")]
pub fn post(pid: u32, text: &[u8]) -> io::Result<()> {
    write(pid, "note", text)
}

/// Posts a note to every proc of that proc's note group but the caller's own. Where a queue is full
/// the note is dropped.
///
/// # Errors
///
/// What the kernel says: no such proc, another user's, a text longer than 127 bytes.
#[stable(feature = "rust1", since = "1.0.0")]
pub fn post_group(pid: u32, text: &[u8]) -> io::Result<()> {
    write(pid, "notepg", text)
}

/// Asks for the note `alarm` after this long, or for none; what was left of the alarm that was set
/// before. The alarm is the calling thread's (man 2/alarm): its note comes to this thread. In
/// milliseconds; what is shorter is one.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for a duration beyond 49 days.
#[stable(feature = "rust1", since = "1.0.0")]
pub fn alarm(after: Option<Duration>) -> io::Result<Option<Duration>> {
    let ms = after.map_or(0, |after| after.as_millis().max(1));
    let ms = u32::try_from(ms).map_err(|_| {
        io::const_error!(io::ErrorKind::InvalidInput, "an alarm is less than 2^32 ms")
    })?;
    let left = set_alarm(ms)?;
    Ok((left > 0).then(|| Duration::from_millis(left.into())))
}

fn write(pid: u32, file: &str, text: &[u8]) -> io::Result<()> {
    cvt(proc_file::write(pid, file, text))
}

fn owned<P: AsRef<[u8]>>(prefixes: impl IntoIterator<Item = P>) -> Vec<Vec<u8>> {
    prefixes.into_iter().map(|prefix| prefix.as_ref().to_vec()).collect()
}

fn public(note: watch_notes::Note) -> Note {
    Note { text: note.text, pid: note.pid }
}
