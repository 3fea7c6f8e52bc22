//! Where the kernel has no more procs, or no more addresses for a stack, a thread that cannot start is an error, nothing
//! of it is left behind, and there is room again when others have ended.

use std::io;
use std::sync::{Arc, RwLock};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

fn start(until: &Arc<RwLock<()>>, stack: usize) -> io::Result<JoinHandle<()>> {
    let until = Arc::clone(until);
    Builder::new().stack_size(stack).spawn(move || drop(until.read()))
}

/// The ends of this program's segments (man 3/proc).
fn segments() -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{}/segment", std::process::id())).unwrap();
    text.lines().map(|line| line.split_whitespace().take(3).collect()).collect()
}

fn main() {
    let until = Arc::new(RwLock::new(()));
    let held = until.write().unwrap();
    let mut threads = Vec::with_capacity(8192);
    let why = loop {
        match start(&until, 1 << 20) {
            Ok(thread) => threads.push(thread),
            Err(why) => break why,
        }
    };
    println!("{why} ({:?})", why.kind());
    println!("many: {}", threads.len() > 50);
    let before = segments();
    println!("refused: {}", (0..2000).filter(|_| start(&until, 1 << 20).is_err()).count());
    println!("nothing grows: {}", segments() == before);
    drop(held);
    for thread in threads {
        thread.join().unwrap();
    }
    // A proc is gone a moment after its thread has ended.
    let since = Instant::now();
    while let Err(why) = start(&until, 1 << 20).map(|thread| thread.join().unwrap()) {
        assert!(since.elapsed() < Duration::from_secs(5), "{why}");
        thread::sleep(Duration::from_millis(1));
    }
    println!("again");
    for stack in [1 << 40, usize::MAX] {
        println!("no room: {:?}", start(&until, stack).unwrap_err().kind());
    }
    println!("room: {}", start(&until, 4 << 30).unwrap().join().is_ok());
}
