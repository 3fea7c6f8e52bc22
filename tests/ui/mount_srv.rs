//! A 9P server whose pipe is posted in /srv: other programs find it there by its name, mount it, and share one connection;
//! what is mounted outlives the name; and when the server dies, whoever waits for it is told so.

#[path = "parts/file_server.rs"]
mod file_server;

use file_server::{Server, Tree, pipe, refused};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::plan9::namespace::{self, Groups, Mount};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const CLIENTS: usize = 3;

fn mount(posted: &str, at: &str) -> std::io::Result<()> {
    Mount::new(OpenOptions::new().read(true).write(true).open(posted)?).create(true).on(at)
}

/// Another program's part: mounts, reads, writes a file of its own, and unmounts by the name in /srv.
fn client(posted: &str, at: &str, own: &str) -> std::io::Result<()> {
    namespace::leave(Groups::NAME_SPACE)?;
    mount(posted, at)?;
    print!("{}", fs::read_to_string(format!("{at}/hello"))?);
    for round in 0..20 {
        let text = format!("{own} {round}");
        fs::write(format!("{at}/{own}"), &text)?;
        assert_eq!(fs::read_to_string(format!("{at}/{own}"))?, text);
    }
    namespace::unmount(Some(posted), at)?;
    println!("unmounted: {}", fs::metadata(format!("{at}/hello")).is_err());
    Ok(())
}

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, posted, at, own] = &args[..] {
        return client(posted, at, own);
    }
    let id = std::process::id();
    let (posted, at) = (format!("/srv/mount_srv.{id}"), format!("/tmp/mount_srv.{id}"));
    fs::create_dir(&at)?;
    namespace::leave(Groups::NAME_SPACE)?;

    let mut tree = Tree::new();
    tree.insert(String::new(), None);
    for (name, text) in [("/hello", "hello from /srv\n"), ("/never", ""), ("/end", "")] {
        tree.insert(name.into(), Some(text.into()));
    }
    let (near, far) = pipe();
    let server = Server::new(tree);
    let server = thread::spawn(move || server.serve(far));

    let mut file = File::create(&posted)?;
    println!("nothing posted: {}", refused(File::open(&posted)).replace(&posted, "NAME"));
    println!("a bad number: {}", refused(file.write(b"4000")));
    write!(file, "{}", near.as_raw_fd())?;
    println!("posted twice: {}", refused(write!(file, "{}", near.as_raw_fd())));
    println!("the name again: {}", refused(File::create(&posted)).replace(&posted, "NAME"));
    println!("it is a file: {}", fs::metadata(&posted)?.is_file());
    drop((file, near));

    let start = |n: usize| -> std::io::Result<Child> {
        Command::new(std::env::current_exe()?)
            .args([&posted, &at, &format!("client{n}")])
            .stdout(Stdio::piped())
            .spawn()
    };
    let clients = (0..CLIENTS).map(start).collect::<std::io::Result<Vec<_>>>()?;
    for client in clients {
        let output = client.wait_with_output()?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        println!("a client: {}", output.status.success());
    }

    mount(&posted, &at)?;
    fs::remove_file(&posted)?;
    println!("the name is gone: {}", !fs::exists(&posted)?);
    print!("the mount is not: {}", fs::read_to_string(format!("{at}/hello"))?);

    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let never = format!("{at}/never");
            thread::spawn(move || refused(fs::read(never)))
        })
        .collect();
    thread::sleep(Duration::from_millis(100));
    println!("the server ends: {}", refused(File::open(format!("{at}/end"))).replace(&at, ""));
    for thread in waiting {
        println!("who waited: {}", thread.join().unwrap());
    }
    println!("afterwards: {}", refused(File::open(format!("{at}/hello"))).replace(&at, ""));
    namespace::unmount(None::<&str>, &at)?;
    let server = server.join().unwrap();
    println!("versions: {}, names in a walk: {}", server.versions, server.most_names);
    fs::remove_dir(&at)
}
