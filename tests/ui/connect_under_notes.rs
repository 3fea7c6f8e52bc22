//! A note breaks the wait for the answer to a call: the call ends as an undisturbed one does, with the same error, and no
//! later than its timeout.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(2);
/// What is allowed on top, on a machine that has other things to do.
const LATE: Duration = Duration::from_secs(2);

fn tell(message: &str) {
    fs::write(format!("/proc/{}/ctl", process::id()), message).unwrap();
}

/// Calls an address; the kernel's next wait fails if it is `broken`.
fn call(to: SocketAddr, broken: bool) -> Result<(), io::ErrorKind> {
    if broken {
        tell("interrupt");
    }
    let result = TcpStream::connect_timeout(&to, TIMEOUT);
    tell("nointerrupt");
    result.map(drop).map_err(|why| why.kind())
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    println!("answered: {:?}", call(address, true));
    drop(listener);
    println!("refused: {:?}", call(address, true));
    // An address for documentation, which a machine without a gateway has no route to.
    let nowhere = SocketAddr::from(([192, 0, 2, 1], 80));
    println!("no route: {}", call(nowhere, true) == call(nowhere, false));
    // Nobody has this address, so nobody answers.
    let start = Instant::now();
    let result = call(SocketAddr::from(([127, 0, 0, 2], 80)), true);
    let took = start.elapsed();
    println!("nobody: {result:?}, {} {}", took >= TIMEOUT, took < TIMEOUT + LATE);
}
