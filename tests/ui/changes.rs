//! Renames, removals and creations on a file server that refuses some of their steps, or does them and answers that it
//! was interrupted; and streams of such a server.

#[path = "parts/changing_server.rs"]
mod changing_server;

use changing_server::{Asked, CREATE, NOW, Order, READ, REMOVE, Server, WRITE, WSTAT};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::plan9::errstr::ErrorExt;
use std::os::plan9::namespace::{self, Groups};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// A time of change that the server sets to no file by itself.
const LONG_AGO: u64 = 1_000_000_000;

fn main() {
    // Whoever started the program is not to see it.
    namespace::leave(Groups::NAME_SPACE).unwrap();
    let at = format!("/tmp/changes.{}", std::process::id());
    fs::create_dir(&at).unwrap();
    let server = Server::mounted(&at, &["a", "b"]);
    let at = Path::new(&at);
    times(&server, at);
    refused(&server, at);
    broken(&server, at);
    streams(&server, at);
    namespace::unmount(None::<&str>, at).unwrap();
    fs::remove_dir(at).unwrap();
}

fn seconds(path: &Path) -> u64 {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    modified.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Makes a file of that text, changed long ago.
fn old_file(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(LONG_AGO)).unwrap();
}

/// The time of change goes along, in the directory and to another one, to a free name and to one that is taken.
fn times(server: &Server, at: &Path) {
    let [one, two, other] = ["a/one", "a/two", "b/other"].map(|name| at.join(name));
    old_file(&one, "1");
    fs::set_permissions(&one, fs::metadata(&one).unwrap().permissions()).unwrap();
    assert_eq!(seconds(&one), NOW.into(), "a server that sets the time");
    old_file(&one, "1");
    let mut kept = Vec::new();
    let mut rename = |from: &Path, to: &Path| {
        fs::rename(from, to).unwrap();
        kept.push(seconds(to) == LONG_AGO);
    };
    rename(&one, &two);
    fs::write(&one, "taken").unwrap();
    rename(&two, &one);
    rename(&one, &other);
    fs::write(&two, "taken").unwrap();
    rename(&other, &two);
    println!("times {kept:?} {}", server.files());
    // To whom the time is refused the name need not be.
    server.rule(|asked: &Asked| match asked.mtime {
        Some(_) => Order::Refuse("wstat -- not owner"),
        None => Order::Answer,
    });
    fs::rename(&two, &one).unwrap();
    fs::rename(&one, &other).unwrap();
    println!("not the owner: {}", server.files());
    server.rule(|_| Order::Answer);
    fs::remove_file(&other).unwrap();
}

/// A rename that fails leaves both files as they were.
fn refused(server: &Server, at: &Path) {
    let [source, target, far] = ["a/source", "a/target", "b/far"].map(|name| at.join(name));
    for path in [&source, &target, &far] {
        fs::write(path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
    }
    let before = server.files();
    println!("{before}");
    type Rule = Box<dyn FnMut(&Asked<'_>) -> Order + Send>;
    let fails = |step: &str, from: &PathBuf, rule: Rule| {
        server.rule(rule);
        let why = fs::rename(from, &target).unwrap_err();
        server.rule(|_| Order::Answer);
        println!("{step}: {}, as before: {}", why.errstr().unwrap(), server.files() == before);
    };
    let step = |kind: u8, path: &'static str, why: &'static str| -> Rule {
        Box::new(move |asked| {
            let meant = asked.kind == kind && (path.is_empty() || asked.path == path);
            if meant { Order::Refuse(why) } else { Order::Answer }
        })
    };
    fails("the target", &source, step(WSTAT, "/a/target", "target is not yours"));
    fails("the source", &source, step(WSTAT, "/a/source", "source is not yours"));
    fails("the removal", &source, step(REMOVE, "", "nothing is removed"));
    // The copy does not get the name; what was put aside may have it back.
    let mut aside = String::new();
    let copy = move |asked: &Asked<'_>| {
        if asked.kind == WSTAT && asked.path == "/a/target" {
            aside = format!("/a/{}", asked.name);
        }
        let meant = asked.kind == WSTAT && asked.name == "target" && asked.path != aside;
        if meant { Order::Refuse("the copy stays") } else { Order::Answer }
    };
    fails("the copy", &far, Box::new(copy));
    fails("the copy's content", &far, step(WRITE, "", "no room"));
    fs::rename(&source, &target).unwrap();
    println!("then {}", server.files());
    fs::remove_file(&target).unwrap();
    fs::remove_file(&far).unwrap();
}

/// What a server did and called interrupted is not done again, and not said to have failed where that can be known.
fn broken(server: &Server, at: &Path) {
    const INTERRUPTED: &str = "interrupted";
    /// Once for each kind; the rest is answered.
    fn once(server: &Server, order: Order) {
        let mut met = Vec::new();
        server.rule(move |asked: &Asked| {
            if matches!(asked.kind, CREATE | REMOVE | WSTAT) && !met.contains(&asked.kind) {
                met.push(asked.kind);
                return order;
            }
            Order::Answer
        });
    }
    let [file, other, folder] = ["a/file", "a/other", "a/folder"].map(|name| at.join(name));
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    for order in [Order::DoAndRefuse(INTERRUPTED), Order::Refuse(INTERRUPTED)] {
        once(server, order);
        println!("create_new: {:?}", create(&file).map(drop).map_err(|why| why.kind()));
        println!("rename: {:?}", fs::rename(&file, &other));
        println!("remove_file: {:?}", fs::remove_file(&other));
        once(server, order);
        println!("create_dir: {:?}", fs::create_dir(&folder).map_err(|why| why.kind()));
        println!("remove_dir: {:?} {:?}", fs::remove_dir(&folder), server.files());
        // Whose the file is does not matter here.
        once(server, order);
        println!("write: {:?}", fs::write(&file, "text"));
        println!("remove_file: {:?} {:?}", fs::remove_file(&file), server.files());
    }
    // What another has made is not taken for one's own, and what another has removed is not there.
    server.rule(|_| Order::Answer);
    fs::write(&file, "theirs").unwrap();
    assert_eq!(create(&file).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::remove_file(&other).unwrap_err().kind(), ErrorKind::NotFound);
    fs::remove_file(&file).unwrap();
}

/// A stream loses nothing where a read of it is broken; of a queue that took what it called interrupted, one message
/// comes twice, and none is left out.
fn streams(server: &Server, at: &Path) {
    const MANY: usize = 300_000;
    for name in ["stream", "queue"] {
        fs::write(at.join(name), "").unwrap();
    }
    /// More than a message holds.
    const AT_ONCE: usize = 65_536;
    /// Every fourth message.
    fn some(server: &Server, kind: u8, order: Order) {
        let mut count = 0;
        server.rule(move |asked: &Asked| {
            count += u32::from(asked.kind == kind);
            if asked.kind == kind && count % 4 == 0 { order } else { Order::Answer }
        });
    }
    some(server, READ, Order::Refuse("interrupted"));
    let mut bytes = vec![0; MANY];
    let mut stream = File::open(at.join("stream")).unwrap();
    bytes.chunks_mut(AT_ONCE).for_each(|part| stream.read_exact(part).unwrap());
    println!("stream: {}", bytes.iter().zip(0..).all(|(&byte, n)| byte == (n % 251) as u8));

    some(server, WRITE, Order::DoAndRefuse("interrupted"));
    let mut queue = File::options().write(true).open(at.join("queue")).unwrap();
    let mut rest = &bytes[..];
    let mut broken = 0;
    while !rest.is_empty() {
        match queue.write(rest) {
            Ok(n) => rest = &rest[n..],
            Err(why) if why.kind() == ErrorKind::Interrupted => broken += 1,
            Err(why) => panic!("{why}"),
        }
    }
    server.rule(|_| Order::Answer);
    // Each message that was called interrupted is followed by itself.
    let messages = std::mem::take(&mut server.state().queue);
    let mut kept = messages.clone();
    kept.dedup();
    let twice = messages.len() - kept.len();
    println!("queue: {} {}", kept.concat() == bytes, broken > 0 && twice == broken);
    for name in ["stream", "queue"] {
        fs::remove_file(at.join(name)).unwrap();
    }
}
