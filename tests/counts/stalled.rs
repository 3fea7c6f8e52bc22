//! So many writes that time out, to a peer inside the machine that never reads: what they leave in its queue is counted
//! from outside. Then the peer reads, and every byte that was taken comes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() {
    let time_outs: u32 =
        std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    near.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
    let (mut taken, mut refused) = (0, 0);
    while refused < time_outs {
        match near.write(&[7; 40_000]) {
            Ok(n) => taken += n,
            Err(why) if why.kind() == ErrorKind::TimedOut => refused += 1,
            Err(why) => panic!("{why}"),
        }
    }
    near.set_write_timeout(None).unwrap();
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        all.len()
    });
    near.write_all(&[7; 500_000]).unwrap();
    drop(near);
    assert_eq!(reader.join().unwrap(), taken + 500_000);
}
