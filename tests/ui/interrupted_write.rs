//! A note that breaks a write to a full pipe: what was said is said once, and nothing is left out.

use std::env;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::plan9::note;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// More than a pipe holds, in pieces that std passes on as they are.
const PIECES: u32 = 200;
const PIECE: usize = 4096;
/// The last notes come when all is written; between two of them a busy machine may have other things to do.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() {
    match env::args().nth(1).as_deref() {
        Some("stdout") => write(std::io::stdout().lock()),
        Some("file") => {
            let out = std::io::stdout().as_fd().try_clone_to_owned().unwrap();
            write(File::from(out))
        }
        _ => {
            read("stdout");
            read("file");
        }
    }
}

/// Writes numbered pieces; says on standard error how many notes it has had.
fn write(mut out: impl Write) {
    let notes = note::Notes::watch(["pest"]).unwrap();
    for number in 0..PIECES {
        let mut piece = [0; PIECE];
        piece[..4].copy_from_slice(&number.to_le_bytes());
        out.write_all(&piece).unwrap();
    }
    out.flush().unwrap();
    let count = std::iter::from_fn(|| notes.recv_timeout(PATIENCE)).count();
    eprint!("{count}");
}

fn read(kind: &str) {
    let mut child = Command::new(env::current_exe().unwrap())
        .arg(kind)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let mut out = child.stdout.take().unwrap();
    let mut err = child.stderr.take().unwrap();
    let mut piece = [0; PIECE];
    out.read_exact(&mut piece).unwrap();
    assert_eq!(piece, [0; PIECE]);
    let mut posted = 0;
    for number in 1..PIECES {
        if number % 10 == 0 {
            // The pipe is full: the writer is asleep in its write when the note comes.
            thread::sleep(Duration::from_millis(20));
            posted += u32::from(note::post(pid, b"pest").is_ok());
            thread::sleep(Duration::from_millis(5));
        }
        out.read_exact(&mut piece).unwrap();
        assert_eq!(u32::from_le_bytes(piece[..4].try_into().unwrap()), number);
    }
    println!("{kind}, then {}", out.read(&mut piece).unwrap());
    let mut count = String::new();
    err.read_to_string(&mut count).unwrap();
    println!("notes {}", count == posted.to_string());
    println!("{}", child.wait().unwrap());
}
