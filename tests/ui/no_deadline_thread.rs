//! Where no proc is free for the deadline thread, a change of a stream's settings still ends the call that is blocked, even
//! if another program takes the note away that was to break it.

use std::fs;
use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Notes that are taken away.
const TAKEN: u32 = 3;
/// How long they are waited for.
const LONGEST: Duration = Duration::from_secs(8);
/// What a busy machine may need for one.
const PATIENCE: Duration = Duration::from_secs(10);

static OVER: AtomicBool = AtomicBool::new(false);
static TAKEN_AWAY: AtomicU32 = AtomicU32::new(0);

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let settings = near.try_clone().unwrap();
    let (told, tell) = mpsc::channel();
    let reader = thread::spawn(move || {
        told.send(fs::read_to_string("/dev/pid").unwrap()).unwrap();
        let read = near.read(&mut [0]);
        told.send(format!("{:?}", read.map_err(|why| why.kind()))).unwrap();
    });
    let pid = tell.recv().unwrap();
    let name = format!("/proc/{}/note", pid.trim());
    let thieves = [name.clone(), name].map(|name| {
        thread::spawn(move || {
            while !OVER.load(SeqCst) {
                if fs::read(&name).is_ok_and(|text| text.starts_with(b"rust dl ")) {
                    TAKEN_AWAY.fetch_add(1, SeqCst);
                }
            }
        })
    });
    let more = thread::Builder::new().spawn(|| ());
    println!("one proc more: {}", more.is_ok());
    let start = Instant::now();
    while TAKEN_AWAY.load(SeqCst) < TAKEN && start.elapsed() < LONGEST {
        // It waits in the kernel by then.
        thread::sleep(Duration::from_millis(1));
        settings.set_read_timeout(None).unwrap();
    }
    OVER.store(true, SeqCst);
    thieves.into_iter().for_each(|thief| thief.join().unwrap());
    eprintln!("{} notes were taken away", TAKEN_AWAY.load(SeqCst));
    settings.shutdown(Shutdown::Read).unwrap();
    println!("{}", tell.recv_timeout(PATIENCE).unwrap_or("it reads for ever".into()));
    drop(reader);
    drop(far);
}
