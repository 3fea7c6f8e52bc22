//! Names that cannot be created or opened, and what kind of error says so; names that look odd and are files. A
//! directory is no empty file.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind::*;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::plan9::fs::FileExt;
use std::path::Path;

fn main() {
    let folder = std::env::temp_dir().join(format!("names.{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    kinds(&folder);
    left(&folder);
    odd(&folder);
    directory(&folder);
    fs::remove_dir_all(&folder).unwrap();
}

/// The error of a call that must fail, and makes nothing.
fn is<T>(what: &str, result: std::io::Result<T>, allowed: &[ErrorKind]) {
    match result {
        Ok(_) => println!("{what}: it worked"),
        Err(why) if allowed.contains(&why.kind()) => println!("{what}: refused"),
        Err(why) => println!("{what}: {:?}, which is {why}", why.kind()),
    }
}

fn kinds(folder: &Path) {
    let at = |name: &str| folder.join(name);
    fs::write(at("f"), "1").unwrap();
    fs::create_dir(at("d")).unwrap();
    let write = |path: &Path| OpenOptions::new().write(true).open(path);
    // With a slash behind it, or as a directory, a name is no file's; which of these it is nobody matches on.
    let no_file = [IsADirectory, NotFound, InvalidInput, NotADirectory, InvalidFilename];
    is("create x/", File::create(at("x/")), &no_file);
    is("create x/.", File::create(at("x/.")), &no_file);
    is("create .", File::create(at(".")), &[IsADirectory, InvalidInput]);
    is("create d", File::create(at("d")), &[IsADirectory]);
    is("create_new d", File::create_new(at("d")), &[AlreadyExists]);
    is("open f/", File::open(at("f/")), &[NotADirectory]);
    is("open f/g", File::open(at("f/g")), &[NotADirectory]);
    is("create f/g", File::create(at("f/g")), &[NotADirectory]);
    is("metadata f/", fs::metadata(at("f/")), &[NotADirectory]);
    is("rename f g/", fs::rename(at("f"), at("g/")), &[NotADirectory]);
    is("remove_file f/", fs::remove_file(at("f/")), &[NotADirectory]);
    is("open no", File::open(at("no")), &[NotFound]);
    is("open no/f", File::open(at("no/f")), &[NotFound]);
    is("create no/f", File::create(at("no/f")), &[NotFound]);
    is("create_dir no/d", fs::create_dir(at("no/d")), &[NotFound]);
    is("rename f no/f", fs::rename(at("f"), at("no/f")), &[NotFound]);
    is("create_new f", File::create_new(at("f")), &[AlreadyExists]);
    is("create_dir d", fs::create_dir(at("d")), &[AlreadyExists]);
    is("create_dir f", fs::create_dir(at("f")), &[AlreadyExists]);
    is("write to d", write(&at("d")), &[IsADirectory]);
    is("read_dir f", fs::read_dir(at("f")), &[NotADirectory]);
    is("remove_file d", fs::remove_file(at("d")), &[IsADirectory]);
    is("remove_dir f", fs::remove_dir(at("f")), &[NotADirectory]);
    is("remove_dir_all no", fs::remove_dir_all(at("no")), &[NotFound]);
    is("set_current_dir f", std::env::set_current_dir(at("f")), &[NotADirectory]);
    is("a NUL", File::open("a\0b"), &[InvalidInput]);
    is("a newline", File::create(at("a\nb")), &[InvalidFilename]);
    is("no name", File::open(""), &[NotFound, InvalidInput, InvalidFilename]);
    is("100,000 letters", File::create(at(&"n".repeat(100_000))), &[InvalidFilename]);
    is("70,000 letters", fs::metadata(at(&"n/".repeat(35_000))), &[InvalidFilename]);
}

fn left(folder: &Path) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    println!("left: {names:?}");
}

fn odd(folder: &Path) {
    for name in ["with space", "ü", "a'b", "#x", "#s", "#c", "a:b", "...", "-", "*"] {
        fs::write(folder.join(name), name).unwrap();
        assert_eq!(fs::read(folder.join(name)).unwrap(), name.as_bytes(), "{name}");
        fs::remove_file(folder.join(name)).unwrap();
    }
    println!("odd names are files");
}

/// A directory can be opened, and asked what it is, but not be read, in small pieces or in large ones.
fn directory(folder: &Path) {
    is("fs::read", fs::read(folder), &[IsADirectory]);
    is("fs::read_to_string", fs::read_to_string(folder), &[IsADirectory]);
    for size in [1, 32, 100_000] {
        let mut opened = File::open(folder).unwrap();
        let mut bytes = vec![0; size];
        is("read", opened.read(&mut bytes), &[IsADirectory]);
        is("read_at", opened.read_at(&mut bytes, 0), &[IsADirectory]);
        is("read_to_end", opened.read_to_end(&mut Vec::new()), &[IsADirectory]);
        assert!(opened.metadata().unwrap().is_dir());
        is("read", opened.read(&mut bytes), &[IsADirectory]);
    }
    is(
        "copy",
        std::io::copy(&mut File::open(folder).unwrap(), &mut std::io::sink()),
        &[IsADirectory],
    );
    // What has no offsets is no directory.
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"piped").unwrap();
    let mut file = File::from(std::os::fd::OwnedFd::from(reader.try_clone().unwrap()));
    let mut two = [0; 2];
    file.read_exact(&mut two).unwrap();
    reader.read_exact(&mut two).unwrap();
    println!("{:?} {:?}", String::from_utf8_lossy(&two), file.seek(SeekFrom::Start(0)).is_err());
}
