//! A crash of a program is never a crash of the machine: headers, code and system calls at random, for a bounded time.
//! `FUZZ_SECONDS` and `FUZZ_SEED` in the environment make it longer or another one; a failure names its seed.

mod common;

use common::{Code, executable, put, run, survived};
use plan9_abi::flags::rfork;
use plan9_abi::layout::{USTKSIZE, USTKTOP, UTZERO};
use plan9_abi::sysno;
use std::time::{Duration, Instant};

/// A program that runs longer hangs the machine: its alarm rings after a fraction of a second.
const LIMIT: Duration = Duration::from_secs(30);
/// How long each test goes on, in seconds.
const SECONDS: u64 = 4;
const ALARM_MS: u64 = 40;
/// Where the data of these programs lies, and their bss.
const DATA: u64 = 0x40_0000;
const BSS: u64 = DATA + 0x1000;

/// Xorshift: the same numbers for the same seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// A word as system calls get them: small numbers, edges of segments, names, anything.
    fn word(&mut self) -> u64 {
        let stack = USTKTOP - 0x1000;
        let edges = [
            0,
            1,
            2,
            8,
            3,
            UTZERO,
            UTZERO - 1,
            DATA,
            DATA + 1,
            DATA + 0xFFF,
            BSS,
            BSS + 0x1FFE,
            BSS + 0x2000,
            stack,
            stack + 1,
            USTKTOP - 1,
            USTKTOP - 8,
            USTKTOP,
            USTKTOP - USTKSIZE,
            USTKTOP - USTKSIZE - 1,
            1 << 31,
            u64::from(u32::MAX),
            i64::MAX as u64,
            i64::MIN as u64,
            u64::MAX,
            u64::MAX - 1,
            u64::MAX - 0xFFF,
            0x4000_0000_0000,
            0x1234_5678_0000_0000,
        ];
        match self.below(8) {
            0 => self.next(),
            1 => self.below(64),
            2 => self.below(1 << 20),
            // A name in the data.
            3 | 4 => DATA + 32 * self.below(16),
            5 => BSS + self.below(0x2000),
            _ => self.of(&edges),
        }
    }
}

/// Names that system calls are given, 32 bytes apart, and a vector of them.
fn data() -> Vec<u8> {
    let names: [&[u8]; 16] = [
        b"/dev/null",
        b"/dev/cons",
        b"/proc/1/ctl",
        b"/proc/1/note",
        b"/proc/1/mem",
        b"/proc/1/fpregs",
        b"/proc/1/regs",
        b"/env/x",
        b"/srv/x",
        b"/net/tcp/clone",
        b"connect 127.0.0.1!1",
        b"#|",
        b"memory",
        b"/d/../.",
        b"\xFF\xFE",
        b"stop",
    ];
    let mut bytes = vec![0; 0x1000];
    for (slot, name) in bytes.chunks_exact_mut(32).zip(names) {
        slot[..name.len()].copy_from_slice(name);
    }
    for (slot, n) in bytes[0x800..].chunks_exact_mut(8).zip(0..4) {
        slot.copy_from_slice(&(DATA + 32 * n).to_le_bytes());
    }
    bytes
}

fn seconds() -> Duration {
    let given = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(SECONDS))
}

/// Makes programs from one seed after the other, and runs each.
fn each(name: &str, flags: &[&str], make: impl Fn(&mut Random) -> Vec<u8>) {
    let given = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let mut seed = given.unwrap_or(1);
    let start = Instant::now();
    let mut ran = 0;
    while start.elapsed() < seconds() {
        let mut random = Random(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        one(&format!("{name}, FUZZ_SEED={seed}"), flags, &make(&mut random));
        seed += 1;
        ran += 1;
    }
    println!("{name}: {ran} programs");
}

fn one(what: &str, flags: &[&str], program: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("d")).unwrap();
    let path = put(folder.path(), "x", program);
    let output = run(what, folder.path(), flags, &path, LIMIT);
    survived(what, &output);
}

fn calls(random: &mut Random) -> Vec<u8> {
    let mut code = Code::start();
    code.call(sysno::ALARM as u64, [ALARM_MS, 0, 0, 0, 0]);
    for _ in 0..random.below(60) + 20 {
        let number = random.below(56);
        let mut args = [0; 5].map(|_: u64| random.word());
        match number as usize {
            // Many procs are many Linux processes; without RFPROC nothing is made.
            sysno::RFORK if random.below(4) != 0 => args[0] &= !u64::from(rfork::PROC),
            sysno::ALARM => args[0] = 1 + args[0] % ALARM_MS,
            sysno::EXITS if random.below(20) != 0 => continue,
            // What grows to the machine's limits is zeroed and copied by the host.
            sysno::BRK | sysno::SEGBRK if args[0] > BSS + (1 << 30) => args[0] |= 1 << 50,
            _ => {}
        }
        code.call(number, args);
    }
    code.call(sysno::EXITS as u64, [0; 5]);
    executable(&code.0, &data(), 0x2000)
}

#[test]
fn system_calls_with_any_arguments() {
    each("calls", &[], calls);
}

#[test]
fn system_calls_on_an_old_kernel_and_traced() {
    each("old calls", &["--kernel", "2024-04", "--strict", "--trace"], calls);
}

#[test]
fn any_code_at_all() {
    each("code", &[], |random| {
        let mut code = Code::start();
        code.call(sysno::ALARM as u64, [ALARM_MS, 0, 0, 0, 0]);
        // A handler that is no code. One that is could go round for ever, which is its right.
        if random.below(2) == 0 {
            code.call(sysno::NOTIFY as u64, [BSS, 0, 0, 0, 0]);
        }
        for _ in 0..random.below(400) + 8 {
            code.0.push(random.next() as u8);
        }
        executable(&code.0, &data(), 0x2000)
    });
}

#[test]
fn any_header() {
    each("header", &[], |random| {
        let mut file = calls(random);
        for _ in 0..=random.below(3) {
            let field = 4 * random.below(10) as usize;
            let word = random.word() as u32;
            file[field..field + 4].copy_from_slice(&word.to_be_bytes());
        }
        file.truncate(file.len() - random.below(file.len() as u64 / 4) as usize);
        file
    });
}
