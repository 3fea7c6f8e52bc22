//! A program that traps stays for a debugger: the thread that trapped is `Broken` at the
//! instruction, with its registers and its stack, main is `Broken` too and its parent has heard
//! why, all others are `Stopped`, and no file is open. When the broken proc goes, all of it goes.
//!
//! The stack is walked as acid's `stk()` and db's `$c` do it (`libmach/8db.c:i386trace`): from the
//! registers, by the sizes of frames that the symbol table of `/proc/N/text` holds.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::os::plan9::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

/// Offsets in the registers (`include/ureg.h`).
const BX: usize = 8;
const R14: usize = 104;
const PC: usize = 144;
const SP: usize = 168;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("main") => inner(1),
        Some("thread") => in_thread(),
        _ => {
            look_at("main");
            look_at("thread");
        }
    }
}

/// Other threads wait, compute and sleep while one traps.
fn in_thread() {
    let (_sender, receiver) = mpsc::channel::<()>();
    Builder::new().name("waits".into()).spawn(move || receiver.recv()).unwrap();
    Builder::new().name("computes".into()).spawn(|| while std::hint::black_box(true) {}).unwrap();
    Builder::new().name("reads".into()).spawn(|| std::io::stdin().read(&mut [0])).unwrap();
    thread::sleep(Duration::from_millis(100));
    let traps = Builder::new().name("traps".into()).spawn(|| middle(2)).unwrap();
    let _ = traps.join();
}

#[inline(never)]
fn middle(n: u64) {
    let room = std::hint::black_box([n; 20]);
    inner(room[7]);
    std::hint::black_box(room);
}

/// Writes where nothing is, with values in two registers that are known again.
#[inline(never)]
fn inner(n: u64) {
    // SAFETY: none: the fault is what is tested.
    unsafe {
        std::arch::asm!(
            "push rbx",
            "mov rbx, 0x1234567",
            "mov byte ptr [{at}], 1",
            "pop rbx",
            at = in(reg) 16u64,
            in("r14") 0x7654321u64 + n,
        );
    }
}

fn look_at(which: &str) {
    let before = namesakes();
    let mut child = Command::new(env::current_exe().unwrap())
        .arg(which)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let main = child.id();
    // Both end although threads had them open.
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    let status = child.wait().unwrap();
    let after = |text: &str, mark: &str| {
        let rest = text.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {text}")).1;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().unwrap()
    };
    let pid = match which {
        "main" => main,
        _ => after(&status.to_string(), "proc "),
    };
    assert_eq!(
        pid,
        after(&text, &format!("thread '{}' (", if which == "main" { "main" } else { "traps" }))
    );
    let trap = "sys: trap: fault write addr=0x10 pc=0x";
    println!("{which}: {} {}", status.to_string().contains(trap), text.contains(trap));
    println!("code {:?}", status.code());
    wait_for("Broken", || state(pid).as_deref() == Some("Broken"));
    println!("main is {}", state(main).unwrap());
    let others: Vec<u32> = namesakes()
        .into_iter()
        .filter(|other| ![pid, main].contains(other) && !before.contains(other))
        .collect();
    let states = || others.iter().filter_map(|&other| state(other)).collect::<Vec<_>>();
    wait_for("the others to stop", || {
        states().iter().all(|now| now == "Stopped" || now == "Sleep")
    });
    let count = |what: &str| states().iter().filter(|now| *now == what).count();
    println!("{} stopped, {} asleep", count("Stopped"), count("Sleep"));
    let registers = fs::read(format!("/proc/{pid}/regs")).unwrap();
    let word = |at: usize| u64::from_le_bytes(registers[at..at + 8].try_into().unwrap());
    println!("rbx {:#x}, r14 {:#x}", word(BX), word(R14));
    println!("{}", stack(pid, word(PC), word(SP)).join(" < "));
    fs::write(format!("/proc/{pid}/ctl"), "kill").unwrap();
    wait_for("the end", || state(pid).is_none() && state(main).is_none() && states().is_empty());
    println!("all gone");
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The state of a proc, which stands behind two names (man 3/proc).
fn state(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(text[56..].split_whitespace().next()?.to_owned())
}

/// All procs of this name.
fn namesakes() -> Vec<u32> {
    let name =
        |pid: u32| Some(fs::read_to_string(format!("/proc/{pid}/status")).ok()?[..28].to_owned());
    let own = name(std::process::id());
    let all = fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| name(pid) == own).collect()
}

/// The functions from the trap outwards.
fn stack(pid: u32, mut pc: u64, mut sp: u64) -> Vec<String> {
    let symbols = symbols(pid);
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut names = Vec::new();
    // The asm block has pushed a word.
    let mut pushed = 8;
    while names.len() < 10 {
        let Some((_, (name, frame))) = symbols.range(..=pc).next_back() else { break };
        names.push(name.rsplit("::").next().unwrap().to_owned());
        if name.ends_with("middle") || name.ends_with("main") {
            break;
        }
        let Some(frame) = frame else { break };
        sp += frame + pushed;
        pushed = 0;
        let mut back = [0; 8];
        memory.read_exact_at(&mut back, sp - 8).unwrap();
        pc = u64::from_le_bytes(back) - 1;
    }
    names
}

/// Functions by address, with the sizes of their frames.
fn symbols(pid: u32) -> BTreeMap<u64, (String, Option<u64>)> {
    let text = fs::read(format!("/proc/{pid}/text")).unwrap();
    let header = |at: usize| u32::from_be_bytes(text[at..at + 4].try_into().unwrap()) as usize;
    let start = 40 + header(4) + header(8);
    let mut table = &text[start..start + header(16)];
    let mut all: BTreeMap<u64, (String, Option<u64>)> = BTreeMap::new();
    let mut last = 0;
    while table.len() > 9 {
        let value = u64::from_be_bytes(table[..8].try_into().unwrap());
        let kind = table[8] & 0x7F;
        table = &table[9..];
        let len = match kind {
            b'z' | b'Z' => {
                1 + 2 * table[1..].chunks(2).position(|pair| pair == [0, 0]).unwrap() + 2
            }
            _ => table.iter().position(|&byte| byte == 0).unwrap() + 1,
        };
        let name = String::from_utf8_lossy(&table[..len - 1]).into_owned();
        match kind {
            b'T' | b't' => {
                all.insert(value, (name, None));
                last = value;
            }
            b'm' => all.get_mut(&last).unwrap().1 = Some(value),
            _ => {}
        }
        table = &table[len..];
    }
    all
}
