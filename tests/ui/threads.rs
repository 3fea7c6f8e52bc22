//! Scoped threads borrow main's stack; park, names, locks, condition variables, channels.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Condvar, Mutex, Once, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let mut numbers = vec![0u64; 64];
    thread::scope(|scope| {
        for (n, part) in numbers.chunks_mut(8).enumerate() {
            scope.spawn(move || part.iter_mut().for_each(|x| *x = n as u64));
        }
    });
    println!("scoped {}", numbers.iter().sum::<u64>());

    let count = Mutex::new(0);
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                (0..1000).for_each(|_| *count.lock().unwrap() += 1);
            });
        }
    });
    println!("mutex {}", count.into_inner().unwrap());

    let (flag, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            *flag.lock().unwrap() = true;
            changed.notify_all();
        });
        let _set = changed.wait_while(flag.lock().unwrap(), |set| !*set).unwrap();
        println!("condvar");
    });
    let start = Instant::now();
    let (_guard, waited) =
        changed.wait_timeout(flag.lock().unwrap(), Duration::from_millis(30)).unwrap();
    println!(
        "wait_timeout {} {}",
        waited.timed_out(),
        start.elapsed() >= Duration::from_millis(30)
    );

    let once = Once::new();
    let runs = AtomicUsize::new(0);
    let lock = RwLock::new(5);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                once.call_once(|| drop(runs.fetch_add(1, Ordering::SeqCst)));
                assert_eq!(*lock.read().unwrap(), 5);
            });
        }
    });
    println!("once {}", runs.into_inner());

    let (send, receive) = mpsc::sync_channel(2);
    let sender = thread::spawn(move || (0..100).for_each(|n| send.send(n).unwrap()));
    println!("channel {}", receive.iter().sum::<i32>());
    sender.join().unwrap();

    let parked = thread::Builder::new().name("parked".into()).spawn(|| {
        thread::park();
        thread::current().name().map(String::from)
    });
    let parked = parked.unwrap();
    parked.thread().unpark();
    println!("park {:?}", parked.join().unwrap());
    let start = Instant::now();
    thread::park_timeout(Duration::from_millis(20));
    println!("park_timeout {}", start.elapsed() >= Duration::from_millis(20));
    println!("parallelism {}", thread::available_parallelism().is_ok());
}
