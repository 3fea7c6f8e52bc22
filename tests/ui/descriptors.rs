//! `std::os::fd`: every type that has a descriptor gives it, lends it, and can be made of one.

use std::fs::{self, File, OpenOptions};
use std::io::{IsTerminal, PipeReader, PipeWriter, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::plan9::fs::FileExt;
use std::os::plan9::process::{CommandExt, Union};
use std::panic::{self, AssertUnwindSafe};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("cat") => drop(std::io::copy(&mut std::io::stdin(), &mut std::io::stdout()).unwrap()),
        Some("take") => take(),
        _ => parent(),
    }
}

fn parent() {
    files();
    standard();
    pipes();
    children();
    streams();
    listeners();
    sockets();
    started_with();
    refusals();
}

fn is_open(fd: i32) -> bool {
    fs::exists(format!("/fd/{fd}")).unwrap()
}

fn files() {
    let name = format!("/tmp/descriptors.{}", std::process::id());
    let options = OpenOptions::new().read(true).write(true).create_new(true).clone();
    let file = options.open(&name).unwrap();
    let raw = file.as_raw_fd();
    assert_eq!(file.as_fd().as_raw_fd(), raw);
    let owned = OwnedFd::from(file);
    assert_eq!(owned.as_raw_fd(), raw);
    // A copy shares the offset, and outlives what it was made of.
    let mut copy = File::from(owned.try_clone().unwrap());
    let mut file = File::from(owned);
    file.write_all(b"0123456789").unwrap();
    assert_eq!(copy.stream_position().unwrap(), 10);
    drop(file);
    assert!(!is_open(raw));
    // Reading and writing at a place leave the offset alone.
    let mut three = [0; 3];
    copy.read_exact_at(&mut three, 4).unwrap();
    copy.write_all_at(b"ab", 8).unwrap();
    println!("at 4: {}", String::from_utf8_lossy(&three));
    println!("past the end: {:?}", copy.read_exact_at(&mut three, 9).unwrap_err().kind());
    println!("at all ones: {:?}", copy.read_at(&mut three, u64::MAX).unwrap_err().kind());
    assert_eq!(copy.read_at(&mut [], 3).unwrap() + copy.write_at(&[], 3).unwrap(), 0);
    assert_eq!(copy.stream_position().unwrap(), 10);
    copy.seek(SeekFrom::Start(0)).unwrap();
    let mut all = String::new();
    copy.read_to_string(&mut all).unwrap();
    println!("all: {all}");
    let raw = copy.into_raw_fd();
    assert!(is_open(raw));
    // SAFETY: just given away.
    drop(unsafe { OwnedFd::from_raw_fd(raw) });
    assert!(!is_open(raw));
    fs::remove_file(&name).unwrap();
    println!("{}", size_of::<Option<OwnedFd>>() == size_of::<i32>());
}

fn standard() {
    let raw = [
        std::io::stdin().as_raw_fd(),
        std::io::stdout().as_raw_fd(),
        std::io::stderr().as_raw_fd(),
    ];
    println!("{raw:?} {:?}", std::io::stdout().lock().as_fd());
    // SAFETY: descriptor 1 stays open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(1) };
    assert_eq!(borrowed.is_terminal(), std::io::stdout().is_terminal());
    let mut copy = File::from(borrowed.try_clone_to_owned().unwrap());
    std::io::stdout().flush().unwrap();
    copy.write_all(b"through a copy\n").unwrap();
}

fn pipes() {
    let (reader, writer) = std::io::pipe().unwrap();
    assert_ne!(reader.as_raw_fd(), writer.as_raw_fd());
    assert!(!reader.as_fd().is_terminal());
    let mut reader = PipeReader::from(OwnedFd::from(reader));
    // SAFETY: given away in the same breath.
    let mut writer = unsafe { PipeWriter::from_raw_fd(writer.into_raw_fd()) };
    writer.write_all(b"piped").unwrap();
    drop(writer);
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    println!("{all}");
}

fn this(arg: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(arg);
    command
}

fn children() {
    // Streams taken out of the child and put together again.
    let mut child = this("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut stdin = ChildStdin::from(OwnedFd::from(stdin));
    let mut stdout = ChildStdout::from(OwnedFd::from(stdout));
    assert!(stdin.as_raw_fd() > 2 && stdout.as_fd().as_raw_fd() > 2);
    stdin.write_all(b"by a child").unwrap();
    drop(stdin);
    let mut all = String::new();
    stdout.read_to_string(&mut all).unwrap();
    println!("{all}: {}", child.wait().unwrap());
    // A conversation as a child's stream.
    let (near, mut far) = pair();
    let child = this("cat").stdin(OwnedFd::from(near)).stdout(Stdio::piped()).spawn().unwrap();
    far.write_all(b"over TCP").unwrap();
    drop(far);
    let output = child.wait_with_output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

fn streams() {
    let (mut near, far) = pair();
    let addresses = (far.local_addr().unwrap(), far.peer_addr().unwrap());
    // The file that carries the bytes.
    let mut data = File::from(far.as_fd().try_clone_to_owned().unwrap());
    data.write_all(b"data").unwrap();
    let mut four = [0; 4];
    near.read_exact(&mut four).unwrap();
    println!("{}", String::from_utf8_lossy(&four));
    // While a clone is there, what is taken out is a copy.
    let clone = far.try_clone().unwrap();
    let owned = OwnedFd::from(far);
    assert_ne!(owned.as_raw_fd(), clone.as_raw_fd());
    drop((clone, data));
    let far = TcpStream::from(owned);
    assert_eq!((far.local_addr().unwrap(), far.peer_addr().unwrap()), addresses);
    let (raw, owned) = (far.as_raw_fd(), OwnedFd::from(far));
    assert_eq!(owned.as_raw_fd(), raw);
    // A stream of the program's, with all that std adds, and its ctl.
    let mut far = TcpStream::from(owned);
    far.set_ttl(64).unwrap();
    far.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    println!("{:?}", far.read(&mut four).unwrap_err().kind());
    near.write_all(b"ever").unwrap();
    far.read_exact(&mut four).unwrap();
    println!("{}", String::from_utf8_lossy(&four));
    // Dropping what was made of it ends the conversation.
    drop(far);
    println!("end: {:?}", near.read(&mut four).unwrap());
}

fn listeners() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from(OwnedFd::from(listener));
    assert_eq!(listener.local_addr().unwrap(), address);
    let near = TcpStream::connect(address).unwrap();
    println!("accepted {}", listener.accept().unwrap().1 == near.local_addr().unwrap());
    // One that its owner has shared.
    let clone = listener.try_clone().unwrap();
    // SAFETY: given away in the same breath.
    let listener = unsafe { TcpListener::from_raw_fd(listener.into_raw_fd()) };
    drop(clone);
    let near = TcpStream::connect(address).unwrap();
    println!("accepted {}", listener.accept().unwrap().1 == near.local_addr().unwrap());
    drop(listener);
    println!("gone {}", TcpStream::connect(address).is_err());
}

fn sockets() {
    let near = UdpSocket::bind("127.0.0.1:0").unwrap();
    let far = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = far.local_addr().unwrap();
    far.connect(near.local_addr().unwrap()).unwrap();
    let far = UdpSocket::from(OwnedFd::from(far));
    println!("peer {:?}", far.peer_addr().unwrap_err().kind());
    assert_eq!(far.local_addr().unwrap(), address);
    near.send_to(b"datagram", address).unwrap();
    let mut buf = [0; 16];
    let (n, from) = far.recv_from(&mut buf).unwrap();
    println!("{} {}", String::from_utf8_lossy(&buf[..n]), from == near.local_addr().unwrap());
    far.send_to(b"back", from).unwrap();
    println!("{}", near.recv(&mut buf).unwrap());
}

/// As a service that `listen` starts: the conversation is standard input.
fn take() {
    let data = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    print!("{}", TcpStream::from(data).peer_addr().unwrap());
}

fn started_with() {
    let ((near, far), (_, other)) = (pair(), pair());
    let take = |prepare: &dyn Fn(&mut Command)| {
        let mut command = this("take");
        prepare(&mut command);
        let output = command.stdin(OwnedFd::from(far.try_clone().unwrap())).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (said, String::from_utf8(output.stderr).unwrap())
    };
    println!("{}", take(&|_| {}).0 == near.local_addr().unwrap().to_string());
    // Where the descriptor's name is another conversation's, it is not taken for that one.
    let folder = |stream: &TcpStream| {
        let ctl = fs::read_to_string(format!("/fd/{}ctl", stream.as_raw_fd())).unwrap();
        ctl.trim_end().rsplit(' ').next().unwrap().strip_suffix("/data").unwrap().to_string()
    };
    let refused = take(&|command| {
        command.bind(folder(&other), folder(&far), Union::Replace, false);
    });
    println!("{:?} {}", refused.0, refused.1.contains("another file's in this name space"));
}

/// What is no conversation, or not that kind of one, is not taken for one.
fn refusals() {
    panic::set_hook(Box::new(|_| {}));
    let refused = |make: &dyn Fn(OwnedFd), fd: OwnedFd| {
        let raw = fd.as_raw_fd();
        let panicked = panic::catch_unwind(AssertUnwindSafe(|| make(fd))).unwrap_err();
        let text = panicked.downcast::<String>().unwrap();
        println!("{text} {}", is_open(raw));
    };
    let stream = |fd| drop(TcpStream::from(fd));
    let listener = |fd| drop(TcpListener::from(fd));
    let socket = |fd| drop(UdpSocket::from(fd));
    let pipe = || OwnedFd::from(std::io::pipe().unwrap().0);
    refused(&stream, pipe());
    refused(&listener, pipe());
    refused(&socket, pipe());
    refused(&stream, OwnedFd::from(UdpSocket::bind("127.0.0.1:0").unwrap()));
    refused(&socket, OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap()));
    refused(&listener, OwnedFd::from(pair().0));
    // A conversation's ctl that is not announced.
    refused(
        &listener,
        OwnedFd::from(File::options().read(true).write(true).open("/net/tcp/clone").unwrap()),
    );
}
