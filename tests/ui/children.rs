//! `std::process`: this program runs itself as a child, in every way that `Command` offers.

use std::env;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::plan9::process::ExitStatusExt;
use std::process::{Command, Stdio, exit};
use std::thread;
use std::time::Duration;

fn main() {
    let mut args = env::args().skip(1);
    match args.next().as_deref() {
        Some("echo") => print!("{}", args.collect::<Vec<_>>().join("|")),
        Some("exit") => exit(args.next().unwrap().parse().unwrap()),
        Some("panic") => panic!("as asked"),
        Some("fault") => fault(),
        Some("env") => {
            let mut names: Vec<_> =
                env::vars().filter(|(name, _)| name.starts_with("t-")).collect();
            names.sort();
            print!("{names:?} {:?}", env::var("sysname"));
        }
        Some("where") => print!("{}", env::current_dir().unwrap().display()),
        Some("copy") => {
            let mut input = Vec::new();
            std::io::stdin().read_to_end(&mut input).unwrap();
            std::io::stdout().write_all(&input).unwrap();
            eprint!("{} bytes", input.len());
        }
        Some("sleep") => thread::sleep(Duration::from_secs(100)),
        _ => parent(),
    }
}

/// Reads where nothing is mapped.
fn fault() {
    // SAFETY: there is none: the kernel is to end this.
    unsafe { std::ptr::with_exposed_provenance::<u8>(8).read_volatile() };
}

fn this(args: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(args);
    command
}

fn parent() {
    statuses();
    streams();
    surroundings();
    failures();
    many();
    pipes();
    println!("done");
}

fn statuses() {
    for (args, code) in
        [(&["exit", "0"][..], Some(0)), (&["exit", "7"], Some(7)), (&["panic"], Some(101))]
    {
        let status = this(args).stderr(Stdio::null()).status().unwrap();
        assert_eq!((status.code(), status.success()), (code, code == Some(0)), "{args:?}");
    }
    let status = this(&["fault"]).stderr(Stdio::null()).status().unwrap();
    println!("fault: {}", String::from_utf8_lossy(status.text()).split(" pc=").next().unwrap());
    let mut child = this(&["sleep"]).spawn().unwrap();
    assert!(child.id() > 0);
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status, child.wait().unwrap());
    assert_eq!(status.code(), None);
    assert!(child.kill().is_ok() && child.try_wait().unwrap() == Some(status));
    println!("killed: {status}");
}

fn streams() {
    let output = this(&["echo", "one", "", "it's two", "\u{fc}"]).output().unwrap();
    println!("echo: {}", String::from_utf8_lossy(&output.stdout));
    // More than the pipes hold, both ways at once.
    let mut child = this(&["copy"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = thread::spawn(move || stdin.write_all(&vec![b'x'; 1 << 20]));
    let output = child.wait_with_output().unwrap();
    sent.join().unwrap().unwrap();
    println!("copy: {}, {}", output.stdout.len(), String::from_utf8_lossy(&output.stderr));
    let name = env::temp_dir().join(format!("children.{}", std::process::id()));
    fs::write(&name, "from a file").unwrap();
    let file = File::open(&name).unwrap();
    let output = this(&["copy"]).stdin(file).stderr(Stdio::null()).output().unwrap();
    println!("file: {}", String::from_utf8_lossy(&output.stdout));
    let file = File::create(&name).unwrap();
    assert!(this(&["echo", "to a file"]).stdout(file).status().unwrap().success());
    println!("file: {}", fs::read_to_string(&name).unwrap());
    fs::remove_file(&name).unwrap();
    // What the child does not read.
    let mut child = this(&["exit", "0"]).stdin(Stdio::piped()).spawn().unwrap();
    child.wait().map(drop).unwrap();
    println!();
}

fn surroundings() {
    // SAFETY: no other thread looks at the environment.
    unsafe { env::set_var("t-parent", "p") };
    let text = |command: &mut Command| String::from_utf8(command.output().unwrap().stdout).unwrap();
    println!("env: {}", text(&mut this(&["env"])));
    println!("env: {}", text(this(&["env"]).env("t-child", "c").env_remove("sysname")));
    println!("env: {}", text(this(&["env"]).env_clear().env("t-only", "o")));
    assert_eq!(env::var("t-child"), Err(env::VarError::NotPresent));
    assert_eq!(env::var("t-parent").as_deref(), Ok("p"));
    println!("where: {}", text(this(&["where"]).current_dir("/dev/..")));
    env::set_current_dir("/dev").unwrap();
    println!("where: {}", text(&mut this(&["where"])));
    env::set_current_dir("/").unwrap();
}

fn failures() {
    for name in ["/nosuch", "nosuch", "/dev"] {
        println!("{name}: {:?}", Command::new(name).spawn().unwrap_err().kind());
    }
    let elsewhere = this(&["exit", "0"]).current_dir("/nosuch").spawn();
    assert_eq!(elsewhere.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(this(&["a\0b"]).spawn().unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// Children of several threads at once, waited for by others than those that started them.
fn many() {
    let children: Vec<_> = (0..8)
        .map(|n| thread::spawn(move || this(&["exit", &n.to_string()]).spawn().unwrap()))
        .map(|thread| thread.join().unwrap())
        .collect();
    let codes: Vec<_> =
        children.into_iter().rev().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
    println!("many: {codes:?}");
}

fn pipes() {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let mut other = writer.try_clone().unwrap();
    writer.write_all(b"one ").unwrap();
    drop(writer);
    let sent = thread::spawn(move || other.write_all(b"two"));
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    sent.join().unwrap().unwrap();
    println!("pipe: {all}");
    let (reader, mut writer) = std::io::pipe().unwrap();
    drop(reader);
    println!("pipe: {:?}", writer.write(b"x").unwrap_err().kind());
}
