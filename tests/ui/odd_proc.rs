//! Where a sandbox has other files in the place of `/proc`, whose server gives reasons that nobody knows, looks at threads
//! keep none of them: they are made where a program has trapped as well, and there no lock may be taken.

#[path = "parts/file_server.rs"]
mod file_server;

use file_server::{Server, Tree, pipe};
use std::fs;
use std::os::plan9::namespace::{self, Groups, Mount};
use std::thread;
use std::time::Duration;

fn main() {
    namespace::leave(Groups::NAME_SPACE).unwrap();
    let (near, far) = pipe();
    thread::spawn(move || {
        let tree = Tree::from([(String::new(), None), ("/locked".into(), Some(Vec::new()))]);
        Server::new(tree).serve(far)
    });
    Mount::new(near).on("/proc").unwrap();
    namespace::leave(Groups::WITHOUT_DEVICES).unwrap();
    // Whoever waits so long looks whether the threads are there.
    let sleeper = thread::spawn(|| thread::sleep(Duration::from_secs(3)));
    sleeper.join().unwrap();
    // The server's reasons get numbers in the order in which the program meets them.
    let first = fs::read("/proc/1/status").unwrap_err();
    let second = fs::read("/proc/locked").unwrap_err();
    println!("{first:?}\n{second:?}");
}
