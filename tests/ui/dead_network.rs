//! A network whose server falls silent: what closes a conversation there waits, and no other does. And datagrams of a
//! network behind 9P: one that does not fit a message is refused, and two are not read as one.

#[path = "parts/file_server.rs"]
mod file_server;

use file_server::{ONE_MESSAGE, Server, Tree, pipe};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::plan9::namespace::{self, Groups, Mount};
use std::os::plan9::net::set_directory;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A datagram's header (man 3/ip).
const HEADER: usize = 52;
const THREADS: usize = 200;
/// What a busy machine may need for all of them.
const LONG: Duration = Duration::from_secs(40);

/// The server answers nothing any more.
static SILENT: AtomicBool = AtomicBool::new(false);

/// What the server reads and writes.
struct Wire(File);

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        while SILENT.load(SeqCst) {
            thread::sleep(Duration::from_secs(1));
        }
        Ok(n)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The files of one conversation of each protocol: the caller's end, and the other end beside it.
fn tree() -> Tree {
    let mut tree = Tree::new();
    let established = "Established qin 0 qout 0";
    let mut add = |path: &str, text: &[u8]| {
        tree.insert(path.into(), Some(text.into()));
    };
    for (number, local, remote) in [(0, 40_000, 80), (1, 80, 40_000)] {
        add(&format!("/tcp/{number}/local"), format!("192.0.2.1!{local}\n").as_bytes());
        add(&format!("/tcp/{number}/remote"), format!("192.0.2.1!{remote}\n").as_bytes());
        add(&format!("/tcp/{number}/status"), established.as_bytes());
        add(&format!("/tcp/{number}/data"), b"");
    }
    add("/tcp/clone", b"0");
    add("/udp/clone", b"0");
    add("/udp/0/local", b"::!5000\n");
    // More than one message: what follows is never answered.
    let mut datagram = vec![0; HEADER];
    datagram[10] = 0xFF;
    datagram[11] = 0xFF;
    datagram.resize(ONE_MESSAGE + 1000, 7);
    add("/udp/0/data", &datagram);
    for directory in ["", "/tcp", "/tcp/0", "/tcp/1", "/udp", "/udp/0"] {
        tree.insert(directory.into(), None);
    }
    tree
}

fn pairs() -> Vec<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let pair = |_| {
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    };
    (0..THREADS).map(pair).collect()
}

fn main() {
    let at = format!("/tmp/dead_network.{}", std::process::id());
    fs::create_dir(&at).unwrap();
    namespace::leave(Groups::NAME_SPACE).unwrap();
    let pairs = pairs();
    let (near, far) = pipe();
    thread::spawn(move || Server::new(tree()).serve(Wire(far)));
    Mount::new(near).create(true).on(&at).unwrap();
    set_directory(&at).unwrap();

    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let to = "192.0.2.1:7";
    let fits = ONE_MESSAGE - HEADER;
    println!("fits: {}", socket.send_to(&vec![1; fits], to).unwrap() == fits);
    let why = socket.send_to(&vec![1; fits + 1], to).unwrap_err().kind();
    println!("does not: {why:?}");
    fs::write(format!("{at}/udp/0/data"), &tree()["/udp/0/data"].clone().unwrap()).unwrap();
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let came = socket.recv(&mut [0; 60_000]).map_err(|why| why.kind());
    println!("at most a message: {:?}", came.map(|n| n == fits));
    drop(socket);

    let mut dead = TcpStream::connect("192.0.2.1:80").unwrap();
    dead.write_all(b"x").unwrap();
    set_directory("/net").unwrap();
    SILENT.store(true, SeqCst);
    let (told, tell) = mpsc::channel();
    let closing = told.clone();
    thread::spawn(move || {
        drop(dead);
        let _ = closing.send("the dead one");
    });
    let silent = tell.recv_timeout(Duration::from_millis(300)).is_err();
    println!("the dead one waits: {silent}");
    for (near, far) in pairs {
        let told = told.clone();
        thread::spawn(move || {
            drop(near);
            drop(far);
            let _ = told.send("another");
        });
    }
    let others = (0..THREADS).filter(|_| tell.recv_timeout(LONG) == Ok("another")).count();
    println!("others: {}", others == THREADS);
    // Who waits for the server would wait for ever.
    std::process::exit(0);
}
