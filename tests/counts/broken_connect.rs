//! A call that nobody answers, whose wait a note has broken: std looks for the answer, and its system calls are counted
//! from outside.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

fn main() {
    let ms = std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    fs::write(format!("/proc/{}/ctl", std::process::id()), "interrupt").unwrap();
    let nobody = SocketAddr::from(([127, 0, 0, 2], 80));
    let result = TcpStream::connect_timeout(&nobody, Duration::from_millis(ms));
    assert_eq!(result.map(drop).map_err(|why| why.kind()), Err(ErrorKind::TimedOut));
}
