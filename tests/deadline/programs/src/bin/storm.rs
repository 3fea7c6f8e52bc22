//! 64 threads at once under a rain of notes that are nobody's: reads, writes, connects, accepts, parks and sleeps, timed
//! and not. Every byte must arrive once and in order, nothing may end early, and at the end no slot, no descriptor and
//! no proc may be left.
//!
//! `storm SECONDS PAUSE NOTE...`: how long it rains, how many milliseconds a caller waits between two calls (a kernel
//! that does not splice keeps one end of each for 12 s in Time_wait, and has 1,024), and the texts of the notes.

use deadline_programs::{
    Account, Random, assert_slot_is_idle, descriptors, eventually, own_procs, pair,
    panics_end_the_program, procs, timed, timed_out, watch,
};
use plan9_abi::flags::open;
use plan9_abi::sys::file;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PAIRS: usize = 16;
const LISTENERS: usize = 4;
const CALLERS: usize = 8;
const PARKERS: usize = 8;
const SLEEPERS: usize = 8;
const POSTERS: usize = 4;
/// Pairs that write without a pause; the readers of the others wait, up to so many microseconds.
const BUSY: usize = 4;
const GAP: u64 = 4000;
/// All of them.
const THREADS: usize = 2 * PAIRS + LISTENERS + CALLERS + PARKERS + SLEEPERS + POSTERS;

/// Ends of calls that were given up and never accepted, whose numbers std keeps until it looks after them: that it does
/// when so many are kept (`sys/net/connection/plan9/splice_pointer.rs`).
const KEPT: usize = 16;

/// Timeouts to choose from.
const TIMEOUTS: [Option<Duration>; 6] = [
    None,
    Some(Duration::from_nanos(1)),
    Some(Duration::from_micros(300)),
    Some(Duration::from_millis(1)),
    Some(Duration::from_millis(7)),
    Some(Duration::from_secs(100)),
];

/// When each generation ends, which is known once all its threads have started and are listed: a slow machine takes
/// seconds for that, and what would be over by then tests nothing.
static ENDS: [OnceLock<Instant>; 2] = [const { OnceLock::new() }; 2];

static OPERATIONS: AtomicU64 = AtomicU64::new(0);
static EXPIRED: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static POSTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    panics_end_the_program();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, pause, notes @ ..] = &args[..] else { panic!("SECONDS PAUSE NOTE...") };
    assert_eq!(THREADS, 64);
    let _watched = watch();
    // What a program has once: the deadline thread, its note file, a clock.
    let (mut near, far) = pair();
    near.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
    assert!(timed_out(&near.read(&mut [0])));
    drop((near, far));
    let before = (descriptors(), procs());
    let pause = Duration::from_millis(pause.parse().expect("milliseconds"));
    // The second generation takes over what the first has left.
    let half = Duration::from_secs_f64(seconds.parse::<f64>().expect("seconds") / 2.0);
    for generation in 0..ENDS.len() {
        let threads = start(half, pause, generation, notes);
        assert_eq!(threads.len(), THREADS);
        for thread in threads {
            thread.join().expect("a thread that ends well");
        }
        assert_slot_is_idle();
        eventually("descriptors were left open", || descriptors() <= before.0 + KEPT);
        eventually("procs were left", || procs() == before.1);
    }
    assert!(notes.is_empty() || POSTED.load(Relaxed) > 0, "no note was posted");
    println!(
        "{} operations, {} timed out, {} bytes, {} notes",
        OPERATIONS.load(Relaxed),
        EXPIRED.load(Relaxed),
        BYTES.load(Relaxed),
        POSTED.load(Relaxed)
    );
}

/// The end of a generation.
#[derive(Clone, Copy)]
struct End(&'static OnceLock<Instant>);

impl End {
    fn is_over(self) -> bool {
        self.0.get().is_some_and(|&end| Instant::now() >= end)
    }
}

fn spawn(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        body();
        assert_slot_is_idle();
    })
}

/// Starts all threads, whose storm lasts so long from then on.
fn start(
    time: Duration,
    pause: Duration,
    generation: usize,
    notes: &[String],
) -> Vec<JoinHandle<()>> {
    let end = End(&ENDS[generation]);
    let mut seed = generation as u64 * 1000;
    let mut random = || {
        seed += 1;
        Random::new(seed)
    };
    let mut threads = Vec::new();
    for number in 0..PAIRS {
        let (near, far) = pair();
        let (writes, reads) = (random(), random());
        let gap = if number < BUSY { 0 } else { GAP };
        let (tell, told) = std::sync::mpsc::channel();
        threads.push(spawn(move || {
            let _ = tell.send(write(near, end, writes, gap));
        }));
        threads.push(spawn(move || read(far, end, reads, || told.recv().expect("what was sent"))));
    }
    let listeners: Vec<TcpListener> =
        (0..LISTENERS).map(|_| TcpListener::bind("127.0.0.1:0").expect("a listener")).collect();
    let addresses: Vec<SocketAddr> =
        listeners.iter().map(|listener| listener.local_addr().expect("its address")).collect();
    for listener in listeners {
        threads.push(spawn(move || answer(listener, CALLERS / LISTENERS)));
    }
    for caller in 0..CALLERS {
        let (address, random) = (addresses[caller % LISTENERS], random());
        threads.push(spawn(move || call(address, end, pause, random)));
    }
    for _ in 0..PARKERS / 2 {
        let random = (random(), random());
        let sleeper = spawn(move || park(end, random.0));
        let other = sleeper.thread().clone();
        threads.push(sleeper);
        threads.push(spawn(move || unpark(&other, end, random.1)));
    }
    for _ in 0..SLEEPERS {
        let random = random();
        threads.push(spawn(move || sleep(end, random)));
    }
    let targets: Arc<OnceLock<Vec<u32>>> = Arc::default();
    for _ in 0..POSTERS {
        let (random, notes, targets) = (random(), notes.to_vec(), targets.clone());
        threads.push(spawn(move || post(end, random, &notes, targets.wait())));
    }
    targets.set(own_procs()).expect("the first list");
    ENDS[generation].set(Instant::now() + time).expect("the first end");
    threads
}

/// One operation more; true if it timed out, which it must not do early.
fn count<T>(result: &std::io::Result<T>, took: Duration, timeout: Option<Duration>) -> bool {
    OPERATIONS.fetch_add(1, Relaxed);
    if !timed_out(result) {
        return false;
    }
    let timeout = timeout.expect("an operation without a timeout timed out");
    assert!(took >= timeout, "a timeout of {timeout:?} after {took:?}");
    EXPIRED.fetch_add(1, Relaxed);
    true
}

/// Sends until the end, with gaps of up to `gap` microseconds; gives how much.
fn write(mut stream: TcpStream, end: End, mut random: Random, gap: u64) -> (u64, TcpStream) {
    let mut account = Account::default();
    while !end.is_over() {
        let timeout = random.choose(&TIMEOUTS);
        stream.set_write_timeout(timeout).expect("a timeout");
        let len = random.choose(&[1, 10, 1000, 8192, 50_000]);
        let bytes = account.next(len);
        let (result, took) = timed(|| stream.write(&bytes));
        if !count(&result, took, timeout) {
            account.sent += result.expect("a write") as u64;
        }
        if gap > 0 {
            thread::sleep(Duration::from_micros(random.below(gap)));
        }
    }
    (account.sent, stream)
}

fn read(
    mut stream: TcpStream,
    end: End,
    mut random: Random,
    sent: impl FnOnce() -> (u64, TcpStream),
) {
    let mut account = Account::default();
    let mut buffer = vec![0; 60_000];
    // Until the writer must be through, only reads that end.
    while !end.is_over() {
        let timeout = random.choose(&TIMEOUTS[1..5]);
        stream.set_read_timeout(timeout).expect("a timeout");
        let len = random.choose(&[1, 100, 8192, 60_000]);
        let (result, took) = timed(|| stream.read(&mut buffer[..len]));
        if !count(&result, took, timeout) {
            account.take(&buffer[..result.expect("a read")]);
        }
    }
    // The writer may wait for room in a write that never times out.
    stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => panic!("the writer is still there"),
            Ok(n) => account.take(&buffer[..n]),
            Err(why) if why.kind() == ErrorKind::TimedOut => break,
            Err(why) => panic!("{why}"),
        }
    }
    let (sent, _writer) = sent();
    account.sent = sent;
    stream.set_read_timeout(None).expect("no timeout");
    account.drain(&mut stream);
    BYTES.fetch_add(account.got, Relaxed);
}

/// Answers every call with what it says, until each of so many callers has said that it is through.
fn answer(listener: TcpListener, callers: usize) {
    let mut through = 0;
    while through < callers {
        let (mut stream, _) = listener.accept().expect("a call");
        let mut words = [0; 4];
        // A call that was given up says nothing.
        if stream.read_exact(&mut words).is_ok() {
            let _ = stream.write_all(&words);
            through += usize::from(&words == b"end.");
        }
    }
}

fn call(address: SocketAddr, end: End, pause: Duration, mut random: Random) {
    let mut say = |stream: &mut TcpStream, words: &[u8; 4]| {
        stream.write_all(words).expect("words");
        let mut answer = [0; 4];
        loop {
            let timeout = random.choose(&TIMEOUTS);
            stream.set_read_timeout(timeout).expect("a timeout");
            let (result, took) = timed(|| stream.read(&mut answer));
            if !count(&result, took, timeout) {
                assert_eq!((result.expect("an answer"), &answer), (4, words));
                return;
            }
        }
    };
    let mut timeouts = Random::new(address.port().into());
    while !end.is_over() {
        let timeout = timeouts.choose(&TIMEOUTS[1..]).expect("a timeout");
        let (result, took) = timed(|| TcpStream::connect_timeout(&address, timeout));
        if !count(&result, took, Some(timeout)) {
            say(&mut result.expect("a connection"), b"call");
        }
        thread::sleep(pause);
    }
    say(&mut TcpStream::connect(address).expect("a connection"), b"end.");
}

fn park(end: End, mut random: Random) {
    while !end.is_over() {
        thread::park_timeout(Duration::from_micros(random.below(5000)));
        OPERATIONS.fetch_add(1, Relaxed);
    }
}

fn unpark(other: &thread::Thread, end: End, mut random: Random) {
    while !end.is_over() {
        thread::sleep(Duration::from_micros(random.below(5000)));
        other.unpark();
        OPERATIONS.fetch_add(1, Relaxed);
    }
}

fn sleep(end: End, mut random: Random) {
    while !end.is_over() {
        let time = Duration::from_micros(random.below(10_000));
        let ((), took) = timed(|| thread::sleep(time));
        assert!(took >= time, "a sleep of {time:?} lasted {took:?}");
        OPERATIONS.fetch_add(1, Relaxed);
    }
}

/// Posts notes to every proc of the program, the deadline thread and the posters among them.
fn post(end: End, mut random: Random, notes: &[String], procs: &[u32]) {
    const AT_ONCE: usize = 16;
    while !notes.is_empty() && !end.is_over() {
        for _ in 0..AT_ONCE {
            let pid = random.choose(procs);
            let note = &notes[random.below(notes.len() as u64) as usize];
            let Some(fd) = try_open(pid) else { continue };
            // A full queue refuses it.
            POSTED.fetch_add(file::write(fd, note.as_bytes()).is_ok().into(), Relaxed);
            let _ = file::close(fd);
        }
        thread::sleep(Duration::from_micros(500));
    }
}

/// The note file of a proc, unless it has gone.
fn try_open(pid: u32) -> Option<i32> {
    let path = std::ffi::CString::new(format!("#p/{pid}/note")).expect("no NUL");
    file::open(&path, open::WRITE | open::CEXEC).ok()
}
