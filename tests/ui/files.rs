//! `std::fs::File`: opening and creating in every way, offsets, lengths, times, permissions, and what Plan 9 has not.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::plan9::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

fn main() {
    let top = std::env::temp_dir().join(format!("files.{}", std::process::id()));
    fs::create_dir(&top).unwrap();
    opening(&top.join("a"));
    appending(&top.join("log"));
    offsets(&top.join("o"));
    records(&top.join("r"));
    names(&top);
    refused(&top.join("n"));
    fs::remove_dir_all(&top).unwrap();
    assert!(!top.exists());
    removed_by_close(&top);
    println!("done");
}

/// Last, for 9front's ramfs may free such a file twice (`cmd/ramfs.c:fsdestroyfid`), and is not itself afterwards.
fn removed_by_close(path: &Path) {
    const ORCLOSE: u32 = 64;
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).custom_flags(ORCLOSE).open(path).unwrap();
    assert!(path.exists());
    drop(file);
    assert!(!path.exists());
}

fn kind<T>(result: std::io::Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it worked"),
        Err(why) => why.kind(),
    }
}

fn opening(path: &Path) {
    assert_eq!(kind(File::open(path)), ErrorKind::NotFound);
    assert_eq!(kind(OpenOptions::new().write(true).open(path)), ErrorKind::NotFound);
    let options = |set: fn(&mut OpenOptions) -> &mut OpenOptions| {
        let mut options = OpenOptions::new();
        set(&mut options);
        options
    };
    // Created where it is missing, kept where it is not.
    for round in [b"first", b"again"] {
        let mut file = options(|o| o.write(true).create(true)).open(path).unwrap();
        if round == b"first" {
            file.write_all(b"0123456789").unwrap();
        }
    }
    assert_eq!(fs::read(path).unwrap(), b"0123456789");
    assert_eq!(kind(File::create_new(path)), ErrorKind::AlreadyExists);
    drop(options(|o| o.write(true).truncate(true)).open(path).unwrap());
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    fs::write(path, "text").unwrap();
    drop(File::create(path).unwrap());
    assert_eq!(fs::read_to_string(path).unwrap(), "");
    for wrong in [
        options(|o| o),
        options(|o| o.read(true).truncate(true)),
        options(|o| o.read(true).create(true)),
        options(|o| o.append(true).truncate(true)),
    ] {
        assert_eq!(kind(wrong.open(path)), ErrorKind::InvalidInput);
    }
    let mut reader = File::open(path).unwrap();
    assert!(reader.write(b"x").is_err());
    assert_eq!(reader.read(&mut []).unwrap(), 0);
    assert_eq!(kind(File::open(path.join("x"))), ErrorKind::NotADirectory);
    assert!(!path.join("x").exists());
    fs::remove_file(path).unwrap();
    assert_eq!(kind(fs::remove_file(path)), ErrorKind::NotFound);
    println!("opening");
}

fn appending(path: &Path) {
    let append = || OpenOptions::new().append(true).create(true).open(path).unwrap();
    let (mut one, mut other) = (append(), append());
    one.write_all(b"one ").unwrap();
    other.write_all(b"two ").unwrap();
    one.write_all(b"three").unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "one two three");
    println!("appending");
}

fn offsets(path: &Path) {
    let mut file = File::options().read(true).write(true).create_new(true).open(path).unwrap();
    file.write_all(b"0123456789").unwrap();
    assert_eq!(file.stream_position().unwrap(), 10);
    assert_eq!(file.seek(SeekFrom::End(-3)).unwrap(), 7);
    assert_eq!(kind(file.seek(SeekFrom::Current(-8))), ErrorKind::InvalidInput);
    assert_eq!(kind(file.seek(SeekFrom::Start(u64::MAX))), ErrorKind::InvalidInput);
    let mut copy = file.try_clone().unwrap();
    let mut three = [0; 3];
    copy.read_exact(&mut three).unwrap();
    assert_eq!((&three, file.stream_position().unwrap()), (b"789", 10));
    file.set_len(4).unwrap();
    file.set_len(6).unwrap();
    file.rewind().unwrap();
    let mut all = Vec::new();
    file.read_to_end(&mut all).unwrap();
    assert_eq!(all, b"0123\0\0");
    assert_eq!(kind(file.set_len(u64::MAX)), ErrorKind::InvalidInput);
    // Only where it was opened for writing.
    let reader = File::open(path).unwrap();
    for reader in [reader.try_clone().unwrap(), File::from(OwnedFd::from(reader))] {
        assert_eq!(kind(reader.set_len(0)), ErrorKind::InvalidInput);
    }
    assert_eq!(file.metadata().unwrap().len(), 6);
    let writer = File::options().append(true).open(path).unwrap();
    writer.set_len(7).unwrap();
    File::from(OwnedFd::from(writer)).set_len(6).unwrap();
    file.seek(SeekFrom::Start(8)).unwrap();
    file.write_all(b"x").unwrap();
    file.sync_all().unwrap();
    drop(file);
    copy.sync_data().unwrap();
    assert_eq!(fs::read(path).unwrap(), b"0123\0\0\0\0x");
    println!("offsets");
}

fn records(path: &Path) {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path).unwrap();
    let first = file.metadata().unwrap();
    assert!(first.is_file() && !first.is_dir() && !first.is_symlink());
    assert_eq!((first.len(), first.mode() & 0o777), (0, 0o640));
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let changed = first.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.abs_diff(changed) < Duration::from_secs(60));
    assert!(first.accessed().is_ok());
    assert_eq!(kind(first.created()), ErrorKind::Unsupported);

    let long_ago = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(long_ago).unwrap();
    assert_eq!(file.metadata().unwrap().modified().unwrap(), long_ago);
    let later = long_ago + Duration::from_secs(1);
    // The time of access cannot be set, and what cannot be done whole is not begun.
    let both = FileTimes::new().set_accessed(long_ago).set_modified(later);
    assert_eq!(kind(file.set_times(both)), ErrorKind::Unsupported);
    assert_eq!(fs::metadata(path).unwrap().modified().unwrap(), long_ago);
    file.set_times(FileTimes::new()).unwrap();
    assert_eq!(kind(file.set_times(FileTimes::new().set_accessed(later))), ErrorKind::Unsupported);
    let too_late = UNIX_EPOCH + Duration::from_secs(u32::MAX.into());
    assert_eq!(kind(file.set_modified(too_late)), ErrorKind::InvalidInput);

    let mut permissions = first.permissions();
    assert!(!permissions.readonly());
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions).unwrap();
    let after = fs::symlink_metadata(path).unwrap();
    assert!(after.permissions().readonly());
    assert_eq!(after.mode() & 0o777, 0o440);
    file.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(first.qid_path(), after.qid_path());
    assert_eq!((first.dev_type(), first.dev()), (after.dev_type(), after.dev()));
    println!("records");
}

/// Names that are no UTF-8, that begin like a device's, that are long, that hold a NUL.
fn names(top: &Path) {
    use std::os::plan9::ffi::OsStrExt;
    let odd = top.join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    fs::write(&odd, "odd").unwrap();
    assert_eq!(fs::read(&odd).unwrap(), b"odd");
    fs::remove_file(&odd).unwrap();
    let long = top.join("n".repeat(200));
    fs::write(&long, "").unwrap();
    assert_eq!(fs::metadata(&long).unwrap().len(), 0);
    let back = std::env::current_dir().unwrap();
    std::env::set_current_dir(top).unwrap();
    fs::write("#x", "no device").unwrap();
    assert_eq!(fs::read(top.join("#x")).unwrap(), b"no device");
    std::env::set_current_dir(back).unwrap();
    assert_eq!(kind(File::open("a\0b")), ErrorKind::InvalidInput);
    assert_eq!(kind(File::open(top.join("a\nb"))), ErrorKind::InvalidFilename);
    println!("names");
}

fn refused(path: &Path) {
    let file = File::create(path).unwrap();
    assert_eq!(kind(file.lock()), ErrorKind::Unsupported);
    assert!(file.try_lock_shared().is_err());
    assert_eq!(kind(fs::hard_link(path, path.with_extension("l"))), ErrorKind::Unsupported);
    assert_eq!(kind(fs::read_link(path)), ErrorKind::Unsupported);
    println!("refused");
}
