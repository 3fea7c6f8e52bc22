//! Paths: only those that begin with `/` are absolute, and what is joined from relative parts stays where it was joined.
//! A kernel device is named by functions that say so.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::plan9::fs::OpenOptionsExt;
use std::os::plan9::namespace::{self, Groups, Union};
use std::path::{Component, Path, absolute};
use std::process::Command;

fn main() {
    if let Some("child") = std::env::args().nth(1).as_deref() {
        print!("{}", fs::read_to_string("file").unwrap());
        return;
    }
    for path in ["/", "/net", "#c/", "#I0/tcp/clone", "#s", "a", "", ".", "./#c/x", "#", "#auto#"] {
        println!("{path:?}: {}", Path::new(path).is_absolute());
    }
    let here = Path::new("/usr/glenda");
    for path in ["lib", "/lib", "#c/cons", "#s/boot", "#auto#", "../lib"] {
        println!("{}", here.join(path).display());
    }
    assert_eq!(Path::new("#c/null").parent(), Some(Path::new("#c")));

    let folder = Path::new("/tmp").join(format!("paths.{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("#auto#"), "saved").unwrap();
    let entry = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    println!("{:?} {}", entry.file_name(), fs::read_to_string(entry.path()).unwrap());
    std::env::set_current_dir(&folder).unwrap();
    names(&folder);
    devices();
    std::env::set_current_dir("/").unwrap();
    fs::remove_dir_all(&folder).unwrap();
}

/// The names of devices, as files in the working directory.
fn names(folder: &Path) {
    for name in ["#c/cons", "#s/boot", "#c", "#c/"] {
        let path = Path::new(name);
        assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
        assert_eq!(absolute(path).unwrap(), folder.join(path));
        // They are not there.
        for kind in [
            fs::metadata(path).unwrap_err().kind(),
            fs::read_dir(path).unwrap_err().kind(),
            fs::canonicalize(path).unwrap_err().kind(),
            std::env::set_current_dir(path).unwrap_err().kind(),
            fs::rename(path, "a").unwrap_err().kind(),
        ] {
            assert_eq!(kind, ErrorKind::NotFound, "{name}");
        }
    }
    fs::create_dir("#s").unwrap();
    fs::write("#s/boot", "a file").unwrap();
    assert_eq!(fs::canonicalize("#s/boot").unwrap(), folder.join("#s/boot"));
    fs::rename("#s/boot", "#s/file").unwrap();
    println!("{}", fs::read_to_string(folder.join("#s/file")).unwrap());
    // A child's directory is a path as well.
    let program = std::env::current_exe().unwrap();
    let child = Command::new(program).arg("child").current_dir("#s").output().unwrap();
    println!("in #s: {}", String::from_utf8_lossy(&child.stdout));
    std::env::set_current_dir("#s").unwrap();
    println!("here: {}", fs::exists("file").unwrap());
    std::env::set_current_dir(folder).unwrap();
}

/// Devices themselves.
fn devices() {
    let open = |name: &str| File::options().read(true).open_device(name);
    let mut name = String::new();
    open("#c/sysname").unwrap().read_to_string(&mut name).unwrap();
    println!("a device's file: {}", !name.is_empty());
    println!("no device: {:?}", open("/dev/sysname").unwrap_err().kind());
    println!("an unknown one: {:?}", open("#@/x").unwrap_err().kind());
    println!("a file that is not there: {:?}", open("#c/nothing").unwrap_err().kind());
    // Whoever started the program is not to see it.
    namespace::leave(Groups::NAME_SPACE).unwrap();
    namespace::bind("#c", "./#s", Union::Replace, false).unwrap();
    println!(
        "bound: {}",
        fs::read_dir("#s").unwrap().any(|entry| entry.unwrap().file_name() == "cons")
    );
    namespace::unmount(None::<&str>, "./#s").unwrap();
}
