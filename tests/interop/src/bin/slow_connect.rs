//! `connect_timeout` towards a listener whose queue is full, which leaves calls without an answer.

use interop::{peer, times_out};
use std::net::TcpStream;
use std::time::Duration;

fn main() {
    for ms in [20, 150, 400] {
        let timeout = Duration::from_millis(ms);
        let late = times_out(timeout, || TcpStream::connect_timeout(&peer(1), timeout));
        assert!(late < Duration::from_secs(1), "{late:?} late");
    }
    // An address of the loopback interface that nobody has answers as little.
    let timeout = Duration::from_millis(100);
    let nobody = "127.0.0.2:80".parse().unwrap();
    times_out(timeout, || TcpStream::connect_timeout(&nobody, timeout));
    println!("no call timed out early");
}
