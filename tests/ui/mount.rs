//! A 9P server on a thread, mounted through a pipe: its files are read, written, listed, made and removed by way of
//! std::fs; its errors keep their words; a call that waits for it ends when a note comes; and it learns that it was
//! unmounted. A server that sends garbage harms nobody but its mount.

#[path = "parts/file_server.rs"]
mod file_server;

use file_server::{INTERRUPT, ONE_MESSAGE, Server, Tree, pipe, refused};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::plan9::namespace::{self, Groups, Mount, Union};
use std::os::plan9::net;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

fn names(directory: &str) -> String {
    let names = fs::read_dir(directory).unwrap();
    let names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.join(" ")
}

/// Mounts what answers each message with these bytes, and nothing behind them; tells how the mount fails.
fn garbage(at: &str, answers: &[&'static [u8]]) -> String {
    let answers = answers.to_vec();
    let (near, mut far) = pipe();
    let server = thread::spawn(move || {
        for answer in answers {
            if far.read(&mut [0; 8192]).unwrap() == 0 {
                return;
            }
            far.write_all(answer).unwrap();
        }
    });
    let why = refused(Mount::new(near).on(at));
    server.join().unwrap();
    why
}

/// How much a read gives of a server that has answered thousands of reads before they were asked.
///
/// The kernel uses the tag of the read before again, unless another proc of the machine takes it in between: then the
/// answers in advance are nobody's, and the read ends early.
fn in_advance(at: &str) -> usize {
    const READS: usize = 6_000;
    let (near, mut far) = pipe();
    let server = thread::spawn(move || {
        let mut answered = None;
        let mut size = [0; 4];
        while far.read_exact(&mut size).is_ok() {
            let mut request = vec![0; u32::from_le_bytes(size) as usize - 4];
            far.read_exact(&mut request).unwrap();
            let tag = [request[1], request[2]];
            let answer = |kind: u8, fields: &[u8]| {
                let size = (7 + fields.len() as u32).to_le_bytes();
                [&size, &[kind + 1][..], &tag, fields].concat()
            };
            let wire = match request[0] {
                100 => answer(100, b"\x18\x01\0\0\x06\09P2000"),
                104 => answer(104, b"\x80\0\0\0\0\0\0\0\0\0\0\0\0"),
                // To the file, or nowhere.
                110 if request[11] == 1 => answer(110, b"\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0"),
                110 => answer(110, b"\0\0"),
                // One byte a read.
                112 => answer(112, b"\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0"),
                116 if answered == Some(tag) => continue,
                116 if answered.is_some() => answer(116, b"\0\0\0\0"),
                116 => {
                    answered = Some(tag);
                    let mut wire = answer(116, b"\x01\0\0\0x").repeat(READS);
                    wire.extend(answer(116, b"\0\0\0\0"));
                    wire
                }
                120 => answer(120, b""),
                kind => panic!("a request {kind}"),
            };
            far.write_all(&wire).unwrap();
        }
    });
    Mount::new(near).on(at).unwrap();
    let mut file = File::open(format!("{at}/x")).unwrap();
    // A larger read would ask for the file's record first.
    let n = file.read(&mut [0; READS + 2_000]).unwrap();
    drop(file);
    namespace::unmount(None::<&str>, at).unwrap();
    server.join().unwrap();
    n
}

/// Does it in a proc whose first wait for the server is broken, and says how it failed, if it did.
fn broken<T>(call: impl FnOnce() -> std::io::Result<T>) -> Option<std::io::ErrorKind> {
    let pid = fs::read_to_string("/dev/pid").unwrap();
    INTERRUPT.store(pid.trim().parse().unwrap(), SeqCst);
    let result = call();
    assert_eq!(INTERRUPT.load(SeqCst), 0, "no request came");
    result.err().map(|why| why.kind())
}

fn main() -> std::io::Result<()> {
    let at = format!("/tmp/mount.{}", std::process::id());
    fs::create_dir(&at)?;
    // Whoever started the program is not to see it.
    namespace::leave(Groups::NAME_SPACE)?;

    let mut tree = Tree::new();
    let deep: String = (0..20).map(|n| format!("/{n}")).collect();
    for (end, _) in deep.match_indices('/').chain([(deep.len(), "")]) {
        tree.insert(deep[..end].into(), None);
    }
    tree.insert(deep.clone() + "/end", Some(b"far down".to_vec()));
    for (name, text) in [("/hello", "hello from a thread\n"), ("/locked", ""), ("/never", "")] {
        tree.insert(name.into(), Some(text.into()));
    }
    for name in ["/net", "/net/tcp", "/net/tcp/0"] {
        tree.insert(name.into(), None);
    }
    let (own, address) = ("192.0.2.2!1024\n", "192.0.2.1!1\n");
    let status = "Established";
    let files = [("clone", "0"), ("0/status", status), ("0/local", own), ("0/remote", address)];
    for (name, text) in files {
        tree.insert(format!("/net/tcp/{name}"), Some(text.into()));
    }
    tree.insert("/net/tcp/0/data".into(), Some(vec![0; 2 * ONE_MESSAGE]));
    let (near, far) = pipe();
    let server = Server::new(tree);
    let server = thread::spawn(move || server.serve(far));
    Mount::new(near).union(Union::Replace).create(true).on(&at)?;

    print!("read: {}", fs::read_to_string(format!("{at}/hello"))?);
    println!("names: {}", names(&at));
    println!("deep: {}", fs::read_to_string(format!("{at}{deep}/end"))?);
    let data = fs::metadata(format!("{at}/hello"))?;
    println!("metadata: {} bytes, a file: {}", data.len(), data.is_file());
    println!("the mount point is a directory: {}", fs::metadata(&at)?.is_dir());
    println!("not there: {}", refused(File::open(format!("{at}/nothing"))).replace(&at, ""));
    println!("refused: {}", refused(File::open(format!("{at}/locked"))).replace(&at, ""));
    println!("half way: {}", refused(File::open(format!("{at}/0/1/x/y"))).replace(&at, ""));

    // More than one message holds, there and back.
    let large: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(format!("{at}/large"), &large)?;
    println!("large: {}", fs::read(format!("{at}/large"))? == large);
    fs::create_dir(format!("{at}/folder"))?;
    fs::write(format!("{at}/folder/inside"), "in")?;
    println!("made: {}", names(&format!("{at}/folder")));
    fs::remove_file(format!("{at}/folder/inside"))?;
    println!("removed: {:?}", names(&format!("{at}/folder")));

    // From several threads at once, each with answers of its own.
    let all = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let at = &at;
                scope.spawn(move || {
                    let name = format!("{at}/thread{n}");
                    (0..25).all(|round| {
                        fs::write(&name, format!("{n} {round}")).unwrap();
                        fs::read_to_string(&name).unwrap() == format!("{n} {round}")
                    })
                })
            })
            .collect();
        threads.into_iter().all(|thread| thread.join().unwrap())
    });
    println!("threads: {all}");

    // Calls whose first wait for the server a note breaks: each is made again, and nothing is done twice.
    let hello = format!("{at}/hello");
    println!("open: {:?}", broken(|| File::open(&hello)));
    println!("metadata: {:?}", broken(|| fs::metadata(&hello)));
    println!("create: {:?}", broken(|| File::create(format!("{at}/new"))));
    println!("create new: {:?}", broken(|| File::create_new(format!("{at}/newer"))));
    println!("list: {:?}", broken(|| fs::read_dir(&at)));
    println!("make: {:?}", broken(|| fs::create_dir(format!("{at}/twice"))));
    println!("enter: {:?}", broken(|| std::env::set_current_dir(format!("{at}/twice"))));
    std::env::set_current_dir("/")?;
    println!("canonical: {:?}", broken(|| fs::canonicalize(&at)));
    println!("remove: {:?}", broken(|| fs::remove_dir(format!("{at}/twice"))));

    // A read that the server does not answer, and a note.
    let mut never = File::open(format!("{at}/never"))?;
    let (told, tell) = std::sync::mpsc::channel();
    let waiting = thread::spawn(move || {
        told.send(fs::read_to_string("/dev/pid").unwrap().trim().to_string()).unwrap();
        refused(never.read(&mut [0; 8]))
    });
    let pid = tell.recv().unwrap();
    thread::sleep(Duration::from_millis(50));
    fs::write(format!("/proc/{pid}/ctl"), "interrupt")?;
    println!("a note: {}", waiting.join().unwrap());

    // A network that the server has: a call moves no more than a message, lest a note lose what came before.
    net::set_directory(format!("{at}/net"))?;
    let mut stream = TcpStream::connect("192.0.2.1:1")?;
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut buffer = vec![0; 65_536];
    println!("stream: {:?}", stream.read(&mut buffer).map_err(|why| why.kind()));
    println!("no more: {:?}", stream.read(&mut buffer).map_err(|why| why.kind()));
    println!("written: {:?}", stream.write(&buffer).map_err(|why| why.kind()));
    drop(stream);

    namespace::unmount(None::<&str>, &at)?;
    println!("unmounted: {:?}", names(&at));
    let server = server.join().unwrap();
    println!("files still held: {:?}", server.fids);
    println!("numbers are used again: {}", server.most_fids < 16);
    println!("names in a walk: {}", server.most_names);
    println!("largest message: {}", server.largest);
    println!("flushed: {}", server.flushed);

    let version = b"\x13\0\0\0\x65\xff\xff\x18\x20\0\0\x06\09P2000";
    println!("no message: {}", garbage(&at, &[b"what?"]));
    println!("endless: {}", garbage(&at, &[version, b"\xff\xff\xff\xff\x69\x01\0"]));
    println!("short: {}", garbage(&at, &[version, b"\x03\0\0\0\x69\x01\0"]));
    println!("another kind: {}", garbage(&at, &[version, b"\x07\0\0\0\x79\x01\0"]));
    println!("a request: {}", garbage(&at, &[version, b"\x09\0\0\0\x6c\x01\0\x01\0"]));
    let most = (0..5).map(|_| in_advance(&at)).find(|&n| n == 6_000);
    println!("in advance: {most:?}");
    fs::remove_dir(&at)
}
