//! A thread whose proc is killed from outside ends the program, if anybody waits without a bound: nobody would wake him.

use std::fs;
use std::sync::{Mutex, mpsc};
use std::thread::{self, Builder};

fn main() {
    let lock = Mutex::new(());
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let lock = &lock;
        let victim = move || {
            let _held = lock.lock().unwrap();
            send.send(fs::read_to_string("/dev/pid").unwrap()).unwrap();
            loop {
                thread::yield_now();
            }
        };
        Builder::new().name("victim".into()).spawn_scoped(scope, victim).unwrap();
        let pid = receive.recv().unwrap();
        fs::write(format!("/proc/{}/ctl", pid.trim()), "kill").unwrap();
        println!("killed");
        let _lock = lock.lock();
        println!("not reached");
    });
}
