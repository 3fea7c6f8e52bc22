//! A thread that reads a variable while another changes it sees the old value or the new, and so does a child that is
//! started meanwhile. (rust-lang/rust#27970, golang/go#25234)

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const NAME: &str = "rust-environment-whole";
const READS: usize = 5_000;
const CHILDREN: usize = 20;

fn main() {
    let values = ["A".repeat(3_000), "B".repeat(2_000)];
    let is_whole = |value: &str| values.iter().any(|whole| whole == value);
    if env::args().nth(1).as_deref() == Some("child") {
        std::process::exit(if env::var(NAME).is_ok_and(|value| is_whole(&value)) { 0 } else { 1 });
    }
    let set = |value: &str| {
        // SAFETY: std's own functions alone read the environment here, and they keep others out.
        unsafe { env::set_var(NAME, value) }
    };
    set(&values[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                set(&values[1]);
                set(&values[0]);
            }
        });
        let whole = (0..READS).filter(|_| env::var(NAME).is_ok_and(|value| is_whole(&value)));
        println!("{} of {READS} reads whole", whole.count());
        let child = || Command::new(env::current_exe().unwrap()).arg("child").status().unwrap();
        let whole = (0..CHILDREN).filter(|_| child().success()).count();
        println!("{whole} of {CHILDREN} children got a whole one");
        done.store(true, Relaxed);
    });
    // SAFETY: there is one thread again.
    unsafe { env::remove_var(NAME) };
}
