//! A 9P server behind a TCP conversation whose `data` is mounted: what is larger than a message, a call that a note ends,
//! and what becomes of those who wait when the server closes its end.

#[path = "parts/file_server.rs"]
mod file_server;

use file_server::{Server, Tree, refused};
use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::plan9::namespace::{self, Groups, Mount};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A thread that reads what the server never answers, and its proc.
fn waiting(at: &str) -> (String, JoinHandle<String>) {
    let never = format!("{at}/never");
    let (told, tell) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut file = File::open(never).unwrap();
        told.send(fs::read_to_string("/dev/pid").unwrap().trim().to_string()).unwrap();
        refused(file.read(&mut [0; 8]))
    });
    let pid = tell.recv().unwrap();
    thread::sleep(Duration::from_millis(50));
    (pid, thread)
}

fn main() -> std::io::Result<()> {
    let at = format!("/tmp/mount_tcp.{}", std::process::id());
    fs::create_dir(&at)?;
    namespace::leave(Groups::NAME_SPACE)?;

    let mut tree = Tree::new();
    tree.insert(String::new(), None);
    for (name, text) in [("/hello", "hello from afar\n"), ("/never", ""), ("/end", "")] {
        tree.insert(name.into(), Some(text.into()));
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = Server::new(tree);
    let server = thread::spawn(move || server.serve(listener.accept().unwrap().0));
    Mount::new(OwnedFd::from(TcpStream::connect(address)?)).create(true).on(&at)?;

    print!("read: {}", fs::read_to_string(format!("{at}/hello"))?);
    let large: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(format!("{at}/large"), &large)?;
    println!("large: {}", fs::read(format!("{at}/large"))? == large);

    let all = thread::scope(|scope| {
        let own = |n: usize| {
            let name = format!("{at}/thread{n}");
            move || {
                (0..25).all(|round| {
                    fs::write(&name, format!("{n} {round}")).unwrap();
                    fs::read_to_string(&name).unwrap() == format!("{n} {round}")
                })
            }
        };
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(own(n))).collect();
        threads.into_iter().all(|thread| thread.join().unwrap())
    });
    println!("threads: {all}");

    let (pid, thread) = waiting(&at);
    fs::write(format!("/proc/{pid}/ctl"), "interrupt")?;
    println!("a note: {}", thread.join().unwrap());
    print!("it goes on: {}", fs::read_to_string(format!("{at}/hello"))?);

    let (_, one) = waiting(&at);
    let (_, other) = waiting(&at);
    // The conversation says its end three times, also to those who close their files meanwhile, and then fails: who is
    // told in which words is not ordered.
    let told = ["mount rpc error", "i/o on hungup channel", "Hangup"];
    let known = |why: &str| told.contains(&why.split(": '").next().unwrap());
    let why = refused(File::open(format!("{at}/end")));
    println!("the server ends: {}", if known(&why) { "known words" } else { &why });
    let whys = [one, other].map(|thread| thread.join().unwrap());
    println!("who waited: {}", whys.iter().all(|why| known(why)));
    println!("afterwards: {}", File::open(format!("{at}/hello")).is_err());
    namespace::unmount(None::<&str>, &at)?;
    let server = server.join().unwrap();
    println!("versions: {}, flushed: {}", server.versions, server.flushed);
    fs::remove_dir(&at)
}
