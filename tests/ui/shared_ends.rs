//! Both ends of a stream are shared by two threads each and closed, while another call takes whatever number is free. An
//! end's number may be free only when all descriptors of the other end are closed: the kernel of 2025 still writes to it
//! then, and a fresh stream would begin with its end. Under chaos, for the last two closes are next to each other.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

const ROUNDS: usize = 100;
const CALLERS: usize = 2;

fn main() {
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                for round in 0..ROUNDS {
                    call(&listener, address, round);
                }
            });
        }
    });
    println!("{} calls", CALLERS * ROUNDS);
}

fn call(listener: &TcpListener, address: SocketAddr, round: usize) {
    let mut near = TcpStream::connect(address).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    let mut bytes = [0; 2];
    far.write_all(b"to").unwrap_or_else(|why| panic!("round {round}: {why}"));
    near.read_exact(&mut bytes).unwrap_or_else(|why| panic!("round {round}: {why}"));
    near.write_all(b"fro").unwrap_or_else(|why| panic!("round {round}: {why}"));
    far.read_exact(&mut bytes).unwrap_or_else(|why| panic!("round {round}: {why}"));
    let clone = far.try_clone().unwrap();
    drop(near);
    // Two threads close the two handles of the other end, either first.
    let other = thread::spawn(move || drop(clone));
    drop(far);
    if round % 2 == 0 {
        other.join().unwrap();
    }
}
