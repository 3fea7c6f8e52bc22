//! `std::os::plan9::process`: what a child shares with its parent, and what ends it.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::os::plan9::note::{self, Notes};
use std::os::plan9::process::{CommandExt, ExitStatusExt, Group, Union};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let mut args = env::args();
    let name = args.next().unwrap();
    match args.next().as_deref() {
        Some("name") => print!("{name}"),
        Some("noteid") => print!("{}", noteid()),
        Some("set") => {
            // SAFETY: no other thread looks at the environment.
            unsafe { env::set_var("t-child", "set") };
            print!("{:?}", env::var("sysname").is_ok());
        }
        Some("read") => {
            for path in args {
                match fs::read_to_string(&path) {
                    Ok(text) => print!("{text};"),
                    Err(why) => print!("{:?};", why.kind()),
                }
            }
        }
        Some("wait") => {
            print!("began");
            std::io::stdout().flush().unwrap();
            thread::sleep(Duration::from_secs(100));
        }
        Some("began") => print!("began"),
        Some("notes") => note_groups(),
        _ => parent(),
    }
}

fn this(args: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(args);
    command
}

fn text(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn noteid() -> String {
    fs::read_to_string(format!("/proc/{}/noteid", std::process::id())).unwrap()
}

fn parent() {
    println!("{}", text(this(&["name"]).arg0("any name")));
    // In a group of their own: whoever started this program may be in its group.
    print!("{}", text(this(&["notes"]).note_group(true)));
    environments();
    name_spaces();
    statuses();
    before_exec();
}

fn note_groups() {
    let own = noteid();
    println!("shared {}", text(&mut this(&["noteid"])) == own);
    println!("own {}", text(this(&["noteid"]).note_group(true)) != own);
    println!("shared {}", text(this(&["noteid"]).note_group(true).note_group(false)) == own);
    // What is posted to the group reaches the child that shares it.
    let watched = Notes::watch(["to all"]).unwrap();
    let mut outside = begun(this(&["wait"]).note_group(true));
    let mut inside = begun(&mut this(&["wait"]));
    note::post_group(std::process::id(), b"to all").unwrap();
    println!("{}", inside.wait().unwrap());
    println!("{:?}", outside.try_wait().unwrap());
    // And a group can be posted to by the pid of any that is in it.
    note::post_group(outside.id(), b"to others").unwrap();
    println!("{:?}", outside.wait().unwrap().success());
    // The poster itself is left out, and it is the main thread.
    println!("{:?}", watched.try_recv());
}

/// Starts a child, and comes back when it says that it has begun.
fn begun(command: &mut Command) -> std::process::Child {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    child
}

fn environments() {
    let child = |group: Option<Group>| {
        let mut command = this(&["set"]);
        group.map(|group| command.environment(group));
        let saw = text(&mut command);
        let seen = env::var("t-child").is_ok();
        // SAFETY: no other thread looks at the environment.
        unsafe { env::remove_var("t-child") };
        println!("{group:?}: child saw {saw}, parent sees {seen}");
    };
    child(None);
    child(Some(Group::Shared));
    child(Some(Group::Copied));
    child(Some(Group::Empty));
    let refused = this(&["set"]).environment(Group::Shared).env("t-other", "x").spawn();
    println!("{}", refused.unwrap_err());
    println!("{}", text(this(&["set"]).environment(Group::Empty).env("sysname", "x")));
}

fn name_spaces() {
    let seen = |name: &str| fs::read_to_string(name).unwrap();
    let (system, user) = (seen("/dev/sysname"), seen("/dev/user"));
    let child =
        text(this(&["read", "/dev/user"]).bind("/dev/sysname", "/dev/user", Union::Replace, false));
    println!("bound {}", child == format!("{system};") && seen("/dev/user") == user);
    // A union: both sides are seen, in their order.
    let folder = env::temp_dir().join(format!("groups.{}", std::process::id()));
    let [one, two] = ["one", "two"].map(|name| {
        fs::create_dir_all(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("both"), name).unwrap();
        fs::write(folder.join(name).join(name), "own").unwrap();
        folder.join(name)
    });
    for union in [Union::Before, Union::After, Union::Replace] {
        let names = ["both", "one", "two"].map(|name| one.join(name).display().to_string());
        let mut command = this(&["read", &names[0], &names[1], &names[2]]);
        println!("{union:?}: {}", text(command.bind(&two, &one, union, false)));
    }
    fs::remove_dir_all(&folder).unwrap();
    let failed = this(&["read"]).bind("/nosuch", "/dev", Union::After, false).spawn().unwrap_err();
    println!("{:?}", failed.kind());
    let refused =
        this(&["read"]).name_space(Group::Shared).bind("/dev", "/dev", Union::After, false).spawn();
    println!("{}", refused.unwrap_err());
    // In an empty one there is no program.
    let empty = this(&["read"]).name_space(Group::Empty).spawn().unwrap_err();
    println!("{:?}", empty.kind());
    // No devices by name, but for a few; what was bound before stays.
    let device = text(
        this(&["read", "/dev/user", "/fd/../dev/sysname"])
            .bind("#c/sysname", "/dev/user", Union::Replace, false)
            .no_devices(true),
    );
    println!("bound {}", device == format!("{system};{system};"));
}

/// Whatever a program ends with, its parent gets.
fn statuses() {
    for status in ["plain", "two words", "it's 5: 'quoted'", "groups 7: x", "''", "\u{fc} \u{6f22}"]
    {
        let mut child = begun(&mut this(&["wait"]));
        note::post(child.id(), status.as_bytes()).unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(String::from_utf8_lossy(ended.text()), status);
        println!("{ended} {:?}", ended.code());
    }
}

/// A note that comes to a child which is not the program yet: what its parent watches is not for it to forget.
fn before_exec() {
    let _ignored = note::ignore(["too early"]).unwrap();
    // Its way is long with many variables; the program itself says that it has begun.
    let mut command = this(&["began"]);
    (0..2000).for_each(|n| drop(command.env(format!("t-{n}"), "")));
    command.stdout(Stdio::piped());
    let deadline = Instant::now() + Duration::from_secs(40);
    let mut ended = false;
    // A note can also come too late; then the program has begun, and it is tried again.
    while !ended && Instant::now() < deadline {
        let before = group();
        let started = AtomicBool::new(false);
        let child = thread::scope(|scope| {
            scope.spawn(|| {
                // Threads that are new get it too, and forget it.
                let mut told = before;
                while !started.load(Relaxed) {
                    for pid in group() {
                        if !told.contains(&pid) && note::post(pid, b"too early").is_ok() {
                            told.push(pid);
                        }
                    }
                    thread::yield_now();
                }
            });
            let child = command.spawn().unwrap();
            started.store(true, Relaxed);
            child
        });
        let output = child.wait_with_output().unwrap();
        ended = output.stdout.is_empty() && output.status.text() == b"too early";
    }
    println!("ended {ended}");
}

/// The pids of this program's note group.
fn group() -> Vec<u32> {
    let own = noteid();
    let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
    pids.filter(|pid| fs::read_to_string(format!("/proc/{pid}/noteid")).is_ok_and(|id| id == own))
        .collect()
}
