//! The program's working directory: one that may be searched and not read can be entered, a change that fails changes
//! nothing, and a new thread stands where the thread that started it stands, also in a directory that has been renamed.

use std::env::{self, current_dir, set_current_dir};
use std::fs;
use std::io::ErrorKind;
use std::os::plan9::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;

fn main() {
    if env::args().nth(1).as_deref() == Some("child") {
        println!("child: {}", fs::read_to_string("file").unwrap());
        return;
    }
    let folder = env::temp_dir().join(format!("working.{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    set_current_dir(&folder).unwrap();
    searched(&folder);
    refused(&folder);
    renamed(&folder);
    set_current_dir("/").unwrap();
    fs::remove_dir_all(&folder).unwrap();
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn searched(folder: &Path) {
    let closed = folder.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("file"), "found").unwrap();
    mode(&closed, 0o311);
    println!("listed: {:?}", fs::read_dir(&closed).map(drop).map_err(|why| why.kind()));
    for name in [closed.as_path(), Path::new("closed")] {
        set_current_dir(folder).unwrap();
        set_current_dir(name).unwrap();
        assert_eq!(current_dir().unwrap(), closed);
        println!("here: {}", fs::read_to_string("file").unwrap());
        let there = thread::spawn(|| (current_dir().unwrap(), fs::read_to_string("file").unwrap()));
        assert_eq!(there.join().unwrap(), (closed.clone(), "found".to_string()));
    }
    set_current_dir(folder).unwrap();
    mode(&closed, 0o755);
}

fn refused(folder: &Path) {
    fs::write("plain", "").unwrap();
    for (name, kind) in [("nothing", ErrorKind::NotFound), ("plain", ErrorKind::NotADirectory)] {
        assert_eq!(set_current_dir(name).unwrap_err().kind(), kind);
        assert_eq!(current_dir().unwrap(), folder);
        assert!(fs::exists("closed").unwrap());
    }
    println!("refused");
}

fn renamed(folder: &Path) {
    fs::create_dir("before").unwrap();
    fs::write("before/file", "still here").unwrap();
    set_current_dir("before").unwrap();
    fs::rename(folder.join("before"), folder.join("after")).unwrap();
    println!("main: {}", fs::read_to_string("file").unwrap());
    let text = || fs::read_to_string("file");
    println!("thread: {:?}", thread::spawn(text).join().unwrap());
    println!(
        "its thread: {:?}",
        thread::spawn(move || thread::spawn(text).join().unwrap()).join().unwrap()
    );
    let exe = env::current_exe().unwrap();
    let child = Command::new(exe).arg("child").output().unwrap();
    print!("{}", String::from_utf8_lossy(&child.stdout));
}
