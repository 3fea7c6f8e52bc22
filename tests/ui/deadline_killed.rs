//! Where the thread that ends timed waits has been killed from outside, the program ends and says so: none waits for ever.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Short enough for the deadline thread to be asked at once.
const SHORT: Duration = Duration::from_millis(5);

/// The pid of this program's thread of that name, which is in its note group. A thread's arguments
/// end with its name.
fn pid_of(name: &str) -> Option<String> {
    let read = |pid: &str, file: &str| fs::read_to_string(format!("/proc/{pid}/{file}"));
    let own = fs::read_to_string("/dev/pid").ok()?;
    let group = read(own.trim(), "noteid").ok()?;
    let procs = fs::read_dir("/proc").ok()?;
    let names = procs.filter_map(|proc| proc.ok()?.file_name().into_string().ok());
    let is_it = |pid: &String| {
        read(pid, "args").is_ok_and(|args| args.ends_with(&format!("[{name}]")))
            && read(pid, "noteid").is_ok_and(|id| id == group)
    };
    names.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit())).find(is_it)
}

fn main() {
    // It names itself when it first runs.
    let pid = loop {
        thread::park_timeout(SHORT);
        if let Some(pid) = pid_of("deadline") {
            break pid;
        }
    };
    fs::write(format!("/proc/{pid}/ctl"), "kill").unwrap();
    println!("killed");
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        thread::park_timeout(SHORT);
    }
    println!("not reached");
}
