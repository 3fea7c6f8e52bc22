//! What a note breaks that nobody waits for (`interrupt` in man 3/proc, which is a note without the note): the next wait
//! of the kernel fails, even where there is nothing to wait for. No call of std that makes or asks something fails of it.

use std::env;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::process::{self, Command, Stdio};
use std::thread;

fn tell(message: &str) -> io::Result<()> {
    fs::write(format!("/proc/{}/ctl", process::id()), message)
}

/// Does it in this proc, whose next wait fails.
fn broken<T>(what: &str, call: impl FnOnce() -> io::Result<T>) -> T {
    tell("interrupt").unwrap();
    let result = call();
    tell("nointerrupt").unwrap();
    println!("{what}: {:?}", result.as_ref().err());
    result.unwrap()
}

fn main() {
    if env::args().any(|arg| arg == "child") {
        return;
    }
    let listener = broken("listen", || TcpListener::bind("127.0.0.1:0"));
    let address = listener.local_addr().unwrap();
    let near = broken("connect", || TcpStream::connect(address));
    let far = listener.accept().unwrap().0;
    broken("addresses", || Ok((far.peer_addr()?, near.local_addr()?)));
    broken("ttl", || near.set_ttl(64));
    broken("shutdown", || near.shutdown(std::net::Shutdown::Both));
    let one = broken("bind", || UdpSocket::bind("127.0.0.1:0"));
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    broken("send", || other.send_to(b"hello", one.local_addr()?));
    println!("{}", broken("receive", || one.recv_from(&mut [0; 8])).0);
    let any = UdpSocket::bind("0.0.0.0:0").unwrap();
    broken("join", || {
        any.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 251), &Ipv4Addr::UNSPECIFIED)
    });
    broken("name", || ("localhost", 80).to_socket_addrs());
    let args = ["child"];
    let mut command = Command::new(env::current_exe().unwrap());
    let mut child = broken("spawn", || command.args(args).stdout(Stdio::piped()).spawn());
    println!("{}", broken("wait", || child.wait()));
    // SAFETY: no other thread looks at the environment.
    broken("variable", || Ok(unsafe { env::set_var("pending", "yes") }));
    println!("{:?}", broken("variable again", || Ok(env::var("pending"))));
    broken("directory", || env::set_current_dir("/"));
    broken("thread", || Ok(thread::spawn(|| ()).join().is_ok()));
}
