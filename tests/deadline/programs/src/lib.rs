//! What the programs share: a conversation with both its ends, bytes that tell their own place, and looks at what the
//! kernel has of this program.

use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};
use std::ffi::CString;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::plan9::note::Notes;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicPtr, AtomicU64};
use std::time::{Duration, Instant};

/// A panic of any thread ends the program, which would wait for others otherwise.
pub fn panics_end_the_program() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        std::process::exit(101);
    }));
}

/// Watches the notes that are there to disturb, on every thread.
pub fn watch() -> Notes {
    Notes::watch_every_thread(["passing"]).expect("a watcher")
}

/// What came to a watcher, until nothing more does.
pub fn watched(notes: &Notes) -> usize {
    std::iter::from_fn(|| notes.recv_timeout(Duration::from_millis(100))).count()
}

/// Both ends of one conversation.
pub fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let near = TcpStream::connect(listener.local_addr().expect("its address")).expect("a call");
    let (far, _) = listener.accept().expect("the call");
    (near, far)
}

/// One direction of a conversation: what was sent and what came, by count. Byte number `n` of it is `byte(n)`.
#[derive(Default)]
pub struct Account {
    pub sent: u64,
    pub got: u64,
}

fn byte(n: u64) -> u8 {
    (n % 251) as u8
}

impl Account {
    /// The next `len` bytes to send.
    pub fn next(&self, len: usize) -> Vec<u8> {
        (self.sent..self.sent + len as u64).map(byte).collect()
    }

    /// Counts bytes that came; they must be the next ones, and must have been sent.
    pub fn take(&mut self, bytes: &[u8]) {
        for &found in bytes {
            assert_eq!(found, byte(self.got), "byte {} is another", self.got);
            self.got += 1;
        }
    }

    /// Bytes on their way.
    pub fn under_way(&self) -> usize {
        (self.sent - self.got) as usize
    }

    /// Reads all that is under way.
    pub fn drain(&mut self, from: &mut TcpStream) {
        let mut buffer = vec![0; self.under_way()];
        from.read_exact(&mut buffer).expect("what is under way");
        self.take(&buffer);
    }
}

/// True if an operation ended by its deadline.
pub fn timed_out<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(why) if why.kind() == ErrorKind::TimedOut)
}

/// Runs an operation and gives how long it took.
pub fn timed<T>(operation: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = operation();
    (result, start.elapsed())
}

/// The next system calls are nobody's business but their own: a sleep that lasts its time, made without std, which
/// would begin again, and a read without a timeout of bytes that are there.
pub fn assert_undisturbed(near: &mut TcpStream, far: &mut TcpStream, account: &mut Account) {
    const SLEEP: Duration = Duration::from_millis(1);
    let (slept, took) = timed(|| process::sleep(SLEEP.as_millis() as u32));
    assert!(slept.is_ok(), "a sleep behind the operation was interrupted");
    assert!(took >= SLEEP, "a sleep of {SLEEP:?} lasted {took:?}");
    near.set_read_timeout(None).expect("no timeout");
    let bytes = account.next(8);
    far.write_all(&bytes).expect("eight bytes");
    account.sent += 8;
    account.drain(near);
}

/// Opens a file of proc `pid`.
pub fn proc_file(pid: u32, name: &str, mode: u32) -> i32 {
    let path = CString::new(format!("#p/{pid}/{name}")).expect("no NUL");
    file::open(&path, mode | open::CEXEC).expect("a file of a proc")
}

/// The text of a file of the calling proc.
fn own_file(name: &str) -> String {
    let fd = proc_file(pid(), name, open::READ);
    let mut text = Vec::new();
    let mut piece = vec![0; 1 << 16];
    // Some give a line at a time.
    while let n @ 1.. = file::read(fd, &mut piece).expect("its text") {
        text.extend_from_slice(&piece[..n]);
    }
    file::close(fd).expect("an open file");
    String::from_utf8_lossy(&text).into_owned()
}

/// The calling proc's id, which each thread has its own of (man 3/cons).
pub fn pid() -> u32 {
    let fd = file::open(c"#c/pid", open::READ | open::CEXEC).expect("the file of one's own id");
    let mut text = [0; 32];
    let n = file::read(fd, &mut text).expect("its text");
    file::close(fd).expect("an open file");
    str::from_utf8(&text[..n]).expect("ASCII").trim().parse().expect("a number")
}

/// This program's procs, and no others of the machine: those of the calling proc's note group that run the same
/// executable. Whoever started it may be in the group, but runs another.
pub fn own_procs() -> Vec<u32> {
    let own = marks(pid()).expect("the caller's own files");
    let all = std::fs::read_dir("/proc").expect("the folder of all procs");
    let names = all.map(|entry| entry.expect("a proc").file_name());
    // `trace` is no proc.
    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
    pids.filter(|&pid| marks(pid).is_some_and(|marks| marks == own)).collect()
}

/// The number of a proc's note group and the executable's name, unless it has gone or is somebody else's.
fn marks(pid: u32) -> Option<(String, String)> {
    /// The first field of `status` (man 3/proc).
    const NAME: usize = 28;
    let read = |name| std::fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
    Some((read("noteid")?, read("status")?.get(..NAME)?.into()))
}

/// Open descriptors, one a line after the first.
pub fn descriptors() -> usize {
    own_file("fd").lines().count() - 2
}

/// Procs that share this program's memory.
pub fn procs() -> usize {
    let text = own_file("segment");
    let line = text.lines().find(|line| line.starts_with("Bss")).expect("a bss segment");
    line.split_whitespace().last().and_then(|users| users.parse().ok()).expect("its users")
}

/// Waits until something is as it should be, for ten seconds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A slot as the note handler sees it: its word, its deadline, the notes posted and the notes handled.
type SlotWords = [AtomicU64; 4];

unsafe extern "C" {
    /// std's: where the words private to a proc lie, of which the first points to its thread's control block, which
    /// begins with the slot.
    #[link_name = "__rust_plan9_private"]
    static PRIVATE: AtomicPtr<*const SlotWords>;
}

fn slot() -> &'static SlotWords {
    // SAFETY: a thread's private words and its control block are there as long as it runs.
    unsafe { &**PRIVATE.load(Relaxed) }
}

/// How many notes were posted for the calling thread's last timed operation.
pub fn posted() -> u64 {
    let [_, _, posted, _] = slot();
    posted.load(Acquire)
}

/// The calling thread's slot is Idle, and no note of it is on its way.
pub fn assert_slot_is_idle() {
    const PHASE: u64 = 7;
    let [word, _, posted, handled] = slot();
    assert_eq!(word.load(Acquire) & PHASE, 0, "the slot is not Idle");
    let (posted, handled) = (posted.load(Acquire), handled.load(Acquire));
    assert_eq!(posted, handled, "notes posted and notes handled");
}

/// Numbers that look random, the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % end
    }

    /// One of a few.
    pub fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}
