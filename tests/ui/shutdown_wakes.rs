//! `shutdown` of both directions ends a read that another thread waits in, or is on its way to, without an error: the end
//! is the program's own, never the peer's reset. Under chaos, for between the kernel's end and what std knows of it
//! there is only a moment.

use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const ROUNDS: u64 = 150;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for round in 0..ROUNDS {
        let near = TcpStream::connect(address).unwrap();
        let (far, _) = listener.accept().unwrap();
        // Either end, for the kernel keeps them differently, and with more or less time to get there.
        let (shut, _peer) = if round % 2 == 0 { (near, far) } else { (far, near) };
        let mut reader = shut.try_clone().unwrap();
        let waits = thread::spawn(move || reader.read(&mut [0; 8]));
        thread::sleep(Duration::from_millis(round % 3));
        shut.shutdown(Shutdown::Both).unwrap();
        let read = waits.join().unwrap();
        assert!(matches!(read, Ok(0)), "round {round}: {read:?}");
    }
    println!("{ROUNDS} reads ended");
}
