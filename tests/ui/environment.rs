//! What a program finds around it: variables, the working directory of all its threads, its own file, the machine's name.
//! It looks from a child whose environment is made here, for that of the machine is whoever started it's.

#![feature(gethostname)]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

fn main() {
    if env::args().nth(1).as_deref() == Some("child") { child() } else { parent() }
}

fn parent() {
    let child = Command::new(env::current_exe().unwrap())
        .arg("child")
        .env_clear()
        .envs([("home", "/tmp"), ("of-the-parent", "given")])
        .status();
    assert!(child.unwrap().success());
}

fn child() {
    variables();
    directory();
    assert_eq!(env::temp_dir(), Path::new("/tmp"));
    assert_eq!(env::home_dir().as_deref(), Some(Path::new("/tmp")));
    let exe = env::current_exe().unwrap();
    assert!(exe.is_absolute());
    assert!(fs::metadata(exe).unwrap().len() > 10_000);
    let name = fs::read_to_string("/dev/sysname").unwrap();
    assert_eq!(std::net::hostname().unwrap(), name.trim());
    println!("done");
}

fn variables() {
    assert_eq!(env::var("of-the-parent").as_deref(), Ok("given"));
    assert_eq!(env::var("nosuch"), Err(env::VarError::NotPresent));
    // SAFETY: there is one thread.
    unsafe {
        env::set_var("rust-test", "some value");
        assert_eq!(fs::read("/env/rust-test").unwrap(), b"some value");
        env::set_var("rust-test", "short");
    }
    assert_eq!(env::var("rust-test").as_deref(), Ok("short"));
    assert!(env::vars().any(|(name, value)| name == "rust-test" && value == "short"));
    // A list as rc writes it.
    fs::write("/env/rust-list", "/bin\0.\0").unwrap();
    let list = env::var_os("rust-list").unwrap();
    let paths: Vec<_> = env::split_paths(&list).collect();
    assert_eq!(paths, [Path::new("/bin"), Path::new(".")]);
    assert_eq!(env::join_paths(paths).unwrap(), list);
    // SAFETY: as above.
    unsafe { env::remove_var("rust-test") };
    assert_eq!(env::var_os("rust-test"), None);
    println!("variables");
}

/// Threads that were there before a change follow it, and so do those that come after.
fn directory() {
    let top = env::temp_dir().join(format!("environment.{}", std::process::id()));
    fs::create_dir_all(top.join("one/two")).unwrap();
    let start = env::current_dir().unwrap();
    assert!(start.is_absolute());
    let turns = Arc::new(Barrier::new(2));
    let other = thread::spawn({
        let (top, turns) = (top.clone(), turns.clone());
        move || {
            let before = env::current_dir().unwrap();
            turns.wait();
            // Now the main thread changes it.
            turns.wait();
            assert_eq!(env::current_dir().unwrap(), top.join("one"));
            fs::write("from-thread", "x").unwrap();
            env::set_current_dir("two").unwrap();
            before
        }
    });
    turns.wait();
    env::set_current_dir(top.join("one")).unwrap();
    turns.wait();
    assert_eq!(other.join().unwrap(), start);
    assert!(top.join("one/from-thread").exists());
    assert_eq!(env::current_dir().unwrap(), top.join("one/two"));
    let late = thread::spawn(|| fs::write("late", "x").map(|()| env::current_dir()));
    assert_eq!(late.join().unwrap().unwrap().unwrap(), top.join("one/two"));
    assert!(Path::new("late").exists() && Path::new("../from-thread").exists());
    assert!(env::set_current_dir("late").is_err());
    assert!(env::set_current_dir("nosuch").is_err());
    assert_eq!(env::current_dir().unwrap(), top.join("one/two"));
    env::set_current_dir(start).unwrap();
    fs::remove_dir_all(top).unwrap();
    println!("directory");
}
