//! A program ends even where its main thread waits as no note can break: for a pipe that notes have let grow to twice
//! what it may hold (`port/qio.c:qbloated`).

use std::env;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::plan9::note;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    if env::args().nth(1).as_deref() == Some("child") {
        return child();
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .arg("child")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads.
    let out = child.stdout.take();
    let (told, tell) = mpsc::channel();
    thread::spawn(move || told.send(child.wait()));
    println!("{}", tell.recv_timeout(Duration::from_secs(30)).expect("it ends").unwrap());
    drop(out);
}

/// Writes for ever, and notes break each write.
fn child() {
    let _ignored = note::ignore(["pest"]).unwrap();
    let main = process::id();
    thread::spawn(move || {
        loop {
            let _ = note::post(main, b"pest");
            thread::sleep(Duration::from_millis(2));
        }
    });
    thread::spawn(|| {
        // Until main waits as no note can break; a busy machine takes longer to get there.
        thread::sleep(Duration::from_millis(1500));
        process::exit(7)
    });
    let mut out = File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
    loop {
        out.write_all(&[0; 65_536]).unwrap();
    }
}
