//! Appending: each write goes to the end of the file as it is then, whatever else of the program writes there, and by
//! however many handles; on a pipe it is a write. With another program only an append-only file (DMAPPEND) loses nothing.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::plan9::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

const DMAPPEND: u32 = 1 << 30;

fn main() {
    let args: Vec<String> = env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("pipe") => return pipe(),
        Some("lines") => return lines(&mut append_to(args[2].as_ref()), "child"),
        _ => {}
    }
    let path = env::temp_dir().join(format!("append.{}", std::process::id()));
    in_turn(&path);
    offsets(&path);
    threads(&path);
    large(&path);
    moved(&path);
    programs(&path);
    let mut child = Command::new(env::current_exe().unwrap());
    let out = child.arg("pipe").stdout(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    println!("pipe: {:?} {}", String::from_utf8_lossy(&out.stdout), out.status);
}

fn append_to(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// Two handles in turn, the offset of one moved in between, and the file cut.
fn in_turn(path: &Path) {
    fs::write(path, "old ").unwrap();
    let mut one = append_to(path);
    let mut other = OpenOptions::new().append(true).read(true).open(path).unwrap();
    one.write_all(b"a1 ").unwrap();
    other.write_all(b"b1 ").unwrap();
    one.write_all(b"a2 ").unwrap();
    one.seek(SeekFrom::Start(0)).unwrap();
    one.write_all(b"a3").unwrap();
    println!("in turn: {}", fs::read_to_string(path).unwrap());
    one.set_len(0).unwrap();
    one.write_all(b"new").unwrap();
    let mut text = String::new();
    other.seek(SeekFrom::Start(0)).unwrap();
    other.read_to_string(&mut text).unwrap();
    println!("after set_len(0): {text}");
    fs::remove_file(path).unwrap();
}

/// A write leaves the file's offset behind what it wrote; `write_at` is no append, and an empty write is nothing.
fn offsets(path: &Path) {
    let mut file = append_to(path);
    let mut other = append_to(path);
    file.write_all(b"012345").unwrap();
    other.write_all(b"6789").unwrap();
    file.write_all(b"ab").unwrap();
    assert_eq!((file.stream_position().unwrap(), file.write(b"").unwrap()), (12, 0));
    other.write_all_at(b"X", 2).unwrap();
    println!("offsets: {}", fs::read_to_string(path).unwrap());
    fs::remove_file(path).unwrap();
}

/// Four threads: by one shared file, by a clone for each, by a file that each opened.
fn threads(path: &Path) {
    const LINES: usize = 1_000;
    for how in ["shared", "clones", "own"] {
        let shared = Arc::new(append_to(path));
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let file = match how {
                    "shared" => shared.clone(),
                    "clones" => Arc::new(shared.try_clone().unwrap()),
                    _ => Arc::new(append_to(path)),
                };
                thread::spawn(move || {
                    for line in 0..LINES {
                        let text = format!("thread {worker} line {line:04}\n");
                        (&*file).write_all(text.as_bytes()).unwrap();
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        let text = fs::read_to_string(path).unwrap();
        let mut next = [0; 4];
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (worker, number): (usize, usize) =
                (words[1].parse().unwrap(), words[3].parse().unwrap());
            assert_eq!((line.len(), number), (18, next[worker]), "{line}");
            next[worker] += 1;
        }
        println!("{how}: {next:?}");
        fs::remove_file(path).unwrap();
    }
}

/// What one write is given stays together, also if it is more than the kernel takes at once.
fn large(path: &Path) {
    const LONG: usize = 150_000;
    let file = append_to(path);
    thread::scope(|scope| {
        for worker in b"abc" {
            let mut file = &file;
            scope.spawn(move || (0..5).for_each(|_| file.write_all(&[*worker; LONG]).unwrap()));
        }
    });
    let text = fs::read(path).unwrap();
    let whole = text.chunks(LONG).all(|part| part.iter().all(|byte| *byte == part[0]));
    println!("large: {} {whole}", text.len() == 15 * LONG);
    fs::remove_file(path).unwrap();
}

/// Whoever reads through a clone moves the offset that both have, and overwrites nothing by that.
fn moved(path: &Path) {
    const LINES: usize = 1_000;
    let file = OpenOptions::new().append(true).read(true).create(true).open(path).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let (mut writer, mut reader) = (&file, file.try_clone().unwrap());
        let ended = &ended;
        scope.spawn(move || {
            (0..LINES).for_each(|line| writeln!(writer, "{line:04}").unwrap());
            ended.store(true, SeqCst);
        });
        scope.spawn(move || {
            while !ended.load(SeqCst) {
                reader.rewind().unwrap();
                let _ = reader.read(&mut [0; 5]).unwrap();
            }
        });
    });
    let text = fs::read_to_string(path).unwrap();
    let whole = text.lines().enumerate().all(|(number, line)| line.parse() == Ok(number));
    println!("moved: {} {whole}", text.len());
    fs::remove_file(path).unwrap();
}

fn lines(file: &mut File, who: &str) {
    (0..200).for_each(|line| file.write_all(format!("{who} {line:04}\n").as_bytes()).unwrap());
}

/// Two programs, on a file that is append-only itself.
fn programs(path: &Path) {
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create_new(true).mode(DMAPPEND | 0o644).open(path).unwrap();
    let exe = env::current_exe().unwrap();
    let mut child = Command::new(exe).arg("lines").arg(path).spawn().unwrap();
    lines(&mut file, "self");
    let status = child.wait().unwrap();
    let text = fs::read_to_string(path).unwrap();
    let of = |who: &str| {
        let whole = |line: &&str| line.len() == who.len() + 5 && line.starts_with(who);
        text.lines().filter(whole).count()
    };
    println!("programs: {} and {}, {status}", of("self"), of("child"));
    fs::remove_file(path).unwrap();
}

/// A pipe has no offsets, and its end is where one writes.
fn pipe() {
    let mut out = OpenOptions::new().append(true).open("/fd/1").unwrap();
    out.write_all(b"one ").unwrap();
    out.try_clone().unwrap().write_all(b"two").unwrap();
}
