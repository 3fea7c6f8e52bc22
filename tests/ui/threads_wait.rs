//! Waits under load: no timeout early, no wakeup lost, each barrier's round with one leader, each message once.

use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 48;

/// Threads that are never idle, until this is dropped.
struct Load(Arc<Mutex<bool>>, Vec<thread::JoinHandle<()>>);

impl Load {
    fn new() -> Load {
        let over = Arc::new(Mutex::new(false));
        let threads = (0..4)
            .map(|_| {
                let over = Arc::clone(&over);
                thread::spawn(move || while !*over.lock().unwrap() {})
            })
            .collect();
        Load(over, threads)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = true;
        self.1.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

fn main() {
    let _load = Load::new();

    // Nobody unparks and nobody notifies.
    let lock = Mutex::new(());
    let never = Condvar::new();
    let early = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS as u64)
            .map(|n| {
                let (lock, never) = (&lock, &never);
                scope.spawn(move || {
                    let wait = Duration::from_millis(5 + n % 20);
                    let start = Instant::now();
                    let mut early = 0;
                    thread::park_timeout(wait);
                    early += u32::from(start.elapsed() < wait);
                    let start = Instant::now();
                    let held = lock.lock().unwrap();
                    let (_held, result) = never.wait_timeout_while(held, wait, |_| true).unwrap();
                    early + u32::from(start.elapsed() < wait || !result.timed_out())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
    });
    println!("early: {early}");

    // An unpark that comes in the same moment as the timeout is not lost for the next park.
    let parker = thread::spawn(|| {
        let mut tokens = 0;
        while tokens < 200 {
            let start = Instant::now();
            thread::park_timeout(Duration::from_micros(1500));
            // Woken, or late: a token taken is one that was given.
            tokens += u32::from(start.elapsed() < Duration::from_micros(1500));
            thread::park_timeout(Duration::from_secs(60));
            tokens += 1;
        }
    });
    let mut given = 0;
    while !parker.is_finished() {
        parker.thread().unpark();
        given += 1;
        thread::sleep(Duration::from_micros(1500));
    }
    parker.join().unwrap();
    println!("tokens: {}", given >= 100);

    let barrier = Barrier::new(THREADS);
    let leaders = thread::scope(|scope| {
        let run = || (0..20).filter(|_| barrier.wait().is_leader()).count();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    println!("leaders: {leaders}");

    let (send, receive) = mpsc::sync_channel(3);
    let senders: Vec<_> = (0..THREADS)
        .map(|n| {
            let send = send.clone();
            thread::spawn(move || (0..50).for_each(|k| send.send((n, k)).unwrap()))
        })
        .collect();
    drop(send);
    let mut next = [0; THREADS];
    let mut in_order = 0;
    for (n, k) in &receive {
        in_order += u32::from(next[n] == k);
        next[n] += 1;
    }
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    println!("messages: {in_order}");
    let wait = Duration::from_millis(20);
    let start = Instant::now();
    let (_send, receive) = mpsc::channel::<()>();
    println!("{:?} {}", receive.recv_timeout(wait).unwrap_err(), start.elapsed() >= wait);
}
