//! `std::fs` on directories: making, reading, removing, renaming, copying, and names as the kernel keeps them.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::plan9::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

fn main() {
    let top = std::env::temp_dir().join(format!("directories.{}", std::process::id()));
    fs::create_dir(&top).unwrap();
    making(&top);
    reading(&top);
    renaming(&top);
    moving(&top);
    copying(&top);
    canonical(&top);
    removing(&top);
    println!("done");
}

fn kind<T>(result: std::io::Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it worked"),
        Err(why) => why.kind(),
    }
}

fn making(top: &Path) {
    let file = top.join("file");
    fs::write(&file, "kept").unwrap();
    assert_eq!(kind(fs::create_dir(&file)), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&file).unwrap(), b"kept");
    let deep = top.join("a/b/c");
    assert_eq!(kind(fs::create_dir(&deep)), ErrorKind::NotFound);
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(kind(fs::create_dir(&deep)), ErrorKind::AlreadyExists);
    assert!(deep.is_dir() && fs::metadata(&deep).unwrap().mode() >> 31 == 1);
    assert_eq!(kind(fs::write(&deep, "")), ErrorKind::IsADirectory);
    // The kernel's own tree of variables has no directories, and makes files.
    assert_eq!(kind(fs::create_dir("/env/directory")), ErrorKind::Unsupported);
    assert!(!Path::new("/env/directory").exists());
    println!("making");
}

fn reading(top: &Path) {
    let many = top.join("many");
    fs::create_dir(&many).unwrap();
    let wanted: BTreeSet<String> =
        (0..2000).map(|n| format!("entry-{n}-{}", "x".repeat(50))).collect();
    for name in &wanted {
        fs::write(many.join(name), name).unwrap();
    }
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(&many).unwrap() {
        let entry = entry.unwrap();
        assert!(entry.file_type().unwrap().is_file());
        assert_eq!(entry.metadata().unwrap().len(), entry.file_name().len() as u64);
        assert_eq!(entry.path(), many.join(entry.file_name()));
        found.insert(entry.file_name().into_string().unwrap());
    }
    assert_eq!(found, wanted);
    assert_eq!(kind(fs::read_dir(top.join("file"))), ErrorKind::NotADirectory);
    assert_eq!(kind(fs::read_dir(top.join("nosuch"))), ErrorKind::NotFound);
    println!("reading");
}

fn renaming(top: &Path) {
    let [a, b, d, e] = ["r1", "r2", "d1", "d2"].map(|name| top.join(name));
    fs::write(&a, "a").unwrap();
    fs::rename(&a, &b).unwrap();
    assert!(!a.exists());
    fs::write(&a, "new").unwrap();
    fs::rename(&a, &b).unwrap();
    assert_eq!((a.exists(), fs::read(&b).unwrap()), (false, b"new".to_vec()));
    fs::rename(&b, &b).unwrap();
    fs::create_dir(&d).unwrap();
    fs::write(d.join("x"), "x").unwrap();
    fs::rename(&d, &e).unwrap();
    assert_eq!(fs::read(e.join("x")).unwrap(), b"x");
    assert_eq!(kind(fs::rename(&b, &e)), ErrorKind::IsADirectory);
    assert_eq!(kind(fs::rename(&e, &b)), ErrorKind::NotADirectory);
    fs::create_dir(&d).unwrap();
    assert_eq!(kind(fs::rename(&d, &e)), ErrorKind::DirectoryNotEmpty);
    fs::rename(&e, &d).unwrap();
    assert!(d.join("x").exists() && !e.exists());
    assert_eq!(kind(fs::rename(top.join("nosuch"), &a)), ErrorKind::NotFound);
    for lost in [Path::new("/"), &b.join("."), &top.join(".."), Path::new("")] {
        assert_eq!(kind(fs::rename(&b, lost)), ErrorKind::InvalidInput, "{}", lost.display());
    }
    assert!(b.exists());
    println!("renaming");
}

/// To another directory: a file is copied, with its mode and time, a directory stays.
fn moving(top: &Path) {
    let (from, to) = (top.join("r2"), top.join("a/moved"));
    fs::set_permissions(&from, fs::Permissions::from_mode(0o600)).unwrap();
    let before = fs::metadata(&from).unwrap();
    fs::write(&to, "replaced").unwrap();
    fs::rename(&from, &to).unwrap();
    let after = fs::metadata(&to).unwrap();
    assert_eq!((from.exists(), fs::read(&to).unwrap()), (false, b"new".to_vec()));
    assert_eq!(
        (before.mode(), before.modified().unwrap()),
        (after.mode(), after.modified().unwrap())
    );
    assert_eq!(fs::read_dir(top.join("a")).unwrap().count(), 2);
    assert_eq!(kind(fs::rename(top.join("d1"), top.join("a/d"))), ErrorKind::CrossesDevices);
    assert!(top.join("d1/x").exists());
    println!("moving");
}

fn copying(top: &Path) {
    let (from, to) = (top.join("a/moved"), top.join("copy"));
    assert_eq!(fs::copy(&from, &to).unwrap(), 3);
    assert_eq!(fs::read(&to).unwrap(), b"new");
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(kind(fs::copy(top, &to)), ErrorKind::InvalidInput);
    println!("copying");
}

fn canonical(top: &Path) {
    let clean = fs::canonicalize(top).unwrap();
    let odd = top.join("a/.././a//b/../moved");
    assert_eq!(fs::canonicalize(odd).unwrap(), clean.join("a/moved"));
    assert_eq!(fs::canonicalize(top.join("a/b/c/..")).unwrap(), clean.join("a/b"));
    assert_eq!(fs::canonicalize("/").unwrap(), Path::new("/"));
    assert_eq!(kind(fs::canonicalize(top.join("nosuch"))), ErrorKind::NotFound);
    println!("canonical");
}

fn removing(top: &Path) {
    assert_eq!(kind(fs::remove_dir(top)), ErrorKind::DirectoryNotEmpty);
    assert_eq!(kind(fs::remove_dir(top.join("file"))), ErrorKind::NotADirectory);
    assert_eq!(kind(fs::remove_file(top.join("a"))), ErrorKind::IsADirectory);
    assert!(top.join("a").exists());
    assert_eq!(kind(fs::remove_dir_all(top.join("file"))), ErrorKind::NotADirectory);
    fs::remove_dir(top.join("a/b/c")).unwrap();
    fs::remove_dir_all(top).unwrap();
    assert!(!top.exists());
    assert_eq!(kind(fs::remove_dir_all(top)), ErrorKind::NotFound);
    println!("removing");
}
