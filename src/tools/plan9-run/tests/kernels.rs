//! What differs between kernels and under `--strict`, and what only the machine itself can tell of a proc: its times, its
//! memory and registers, its trace. Programs of a few instructions each.

mod common;

use common::{Code, executable, put, run, survived};
use plan9_abi::aout::HEADER_SIZE;
use plan9_abi::layout::{USTKSIZE, USTKTOP, UTZERO};
use plan9_abi::{sysno, tos, ureg};
use std::process::Output;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Where the data lies; texts stand 32 bytes apart.
const DATA: u64 = 0x40_0000;
const BUFFER: u64 = DATA + 0x800;
const STDOUT: u64 = 1;
const OWN_OFFSET: u64 = u64::MAX;
const OLD: &[&str] = &["--kernel", "2024-04"];
const STRICT: &[&str] = &["--strict"];
const TEXTS: [&str; 17] = [
    "failed",
    "/dev/bintime",
    "/dev/cputime",
    "/proc/1/mem",
    "/proc/1/regs",
    "/proc/1/fpregs",
    "/proc/1/notefpregs",
    "/net/tcp/clone",
    "/net/tcp/0/listen",
    "/net/tcp/1/data",
    "/net/tcp/2/status",
    "announce *!7700",
    "connect 127.0.0.1!7700",
    "hangup",
    "close",
    "/proc/1/ctl",
    "stop",
];

fn text(of: &str) -> u64 {
    DATA + 32 * TEXTS.iter().position(|&text| text == of).unwrap() as u64
}

/// Code with the system calls of these tests.
trait Calls {
    fn exits(&mut self, status: u64);
    fn expect(&mut self, result: i32);
    fn read(&mut self, file: &str, n: u64, offset: u64);
    fn print(&mut self, at: u64, n: u64);
}

impl Calls for Code {
    fn exits(&mut self, status: u64) {
        self.call(sysno::EXITS as u64, [status, 0, 0, 0, 0]);
    }

    /// Ends the proc as `failed` unless the last call gave that.
    fn expect(&mut self, result: i32) {
        let mut failure = Code::default();
        failure.exits(text("failed"));
        // cmp rax, imm32; je over the failure
        self.0.extend([0x48, 0x3D]);
        self.0.extend(result.to_le_bytes());
        self.0.extend([0x74, failure.0.len() as u8]);
        self.0.extend(failure.0);
    }

    /// Opens a file as the lowest free descriptor, which must be 3, and reads from it.
    fn read(&mut self, file: &str, n: u64, offset: u64) {
        self.call(sysno::OPEN as u64, [text(file), 0, 0, 0, 0]);
        self.expect(3);
        self.call(sysno::PREAD as u64, [3, BUFFER, n, offset, 0]);
    }

    fn print(&mut self, at: u64, n: u64) {
        self.call(sysno::PWRITE as u64, [STDOUT, at, n, OWN_OFFSET, 0]);
    }
}

fn machine(flags: &[&str], code: &Code) -> Output {
    let mut data = vec![0; 0x1000];
    for (slot, text) in data.chunks_exact_mut(32).zip(TEXTS) {
        slot[..text.len()].copy_from_slice(text.as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let program = put(folder.path(), "x", &executable(&code.0, &data, 0));
    let output = run("a program", folder.path(), flags, &program, LIMIT);
    survived("a program", &output);
    output
}

/// The exit code, and what the machine said.
fn end(flags: &[&str], code: &Code) -> (Option<i32>, String) {
    let output = machine(flags, code);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A program that is interrupted by its alarm, with these instructions in its handler.
fn handler(body: &[u8]) -> Code {
    let mut code = Code::start();
    let at = |code: &Code| UTZERO + HEADER_SIZE as u64 + code.0.len() as u64;
    // jmp over the handler
    let mut inside = Code(body.to_vec());
    inside.call(sysno::NOTED as u64, [0; 5]);
    code.0.extend([0xE9]);
    code.0.extend((inside.0.len() as u32).to_le_bytes());
    let handler = at(&code);
    code.0.extend(inside.0);
    code.call(sysno::NOTIFY as u64, [handler, 0, 0, 0, 0]);
    code.call(sysno::ALARM as u64, [1, 0, 0, 0, 0]);
    code.call(sysno::SLEEP as u64, [5000, 0, 0, 0, 0]);
    code.expect(-1);
    code.exits(0);
    code
}

#[test]
fn floating_point_in_a_handler_kills_where_it_did() {
    let movaps = handler(b"\x0f\x28\xc1");
    assert_eq!(end(&[], &movaps), (Some(0), String::new()));
    for flags in [STRICT, OLD] {
        let (code, words) = end(flags, &movaps);
        assert_eq!(code, Some(1));
        let note = "x 1: suicide: sys: floating point in note handler pc=0x";
        assert!(words.starts_with(note), "{words}");
    }
}

/// The flags that are pushed are the program's own, whoever steps it: pushfq; pop rax; test ah, 1; jz +2; ud2; mfence
#[test]
fn integer_instructions_in_a_handler_do_no_harm() {
    let flags = handler(b"\x9c\x58\xf6\xc4\x01\x74\x02\x0f\x0b\x0f\xae\xf0");
    for machine in [&[][..], STRICT, OLD] {
        assert_eq!(end(machine, &flags), (Some(0), String::new()), "{machine:?}");
    }
}

/// As our std's handler does: flags pushed, popped, and noted at once. What was interrupted is not stepped.
#[test]
fn stepping_ends_with_the_handler() {
    let flags = handler(b"\x9c\x9d");
    for machine in [STRICT, OLD] {
        assert_eq!(end(machine, &flags), (Some(0), String::new()), "{machine:?}");
    }
}

#[test]
fn noted_outside_a_handler_is_an_error_or_the_end() {
    let mut code = Code::start();
    code.call(sysno::NOTED as u64, [0; 5]);
    code.expect(-1);
    code.exits(0);
    assert_eq!(end(&[], &code), (Some(0), String::new()));
    for flags in [STRICT, OLD] {
        let words = "x 1: call to noted() when not notified\n".to_string();
        assert_eq!(end(flags, &code), (Some(1), words));
    }
}

#[test]
fn the_word_at_the_stack_pointer_was_looked_at() {
    // mov rsp, just below the stack segment; mov qword [rsp + 8], 0; mov ebp, EXITS; syscall
    let mut code = Code(vec![0x48, 0xBC]);
    code.0.extend((USTKTOP - USTKSIZE - 8).to_le_bytes());
    code.0.extend(b"\x48\xc7\x44\x24\x08\x00\x00\x00\x00\xbd");
    code.0.extend((sysno::EXITS as u32).to_le_bytes());
    code.0.extend([0x0F, 0x05]);
    let ended = |flags| end(flags, &code).0;
    assert_eq!((ended(&[]), ended(STRICT), ended(OLD)), (Some(0), Some(1), Some(1)));
}

#[test]
fn untouched_stack_is_filled_or_zero() {
    let filled = |with: u8| {
        let mut code = Code::start();
        // movzx eax, byte [rsp - 0x10000]
        code.0.extend(b"\x0f\xb6\x84\x24\x00\x00\xff\xff");
        code.expect(with.into());
        code.exits(0);
        code
    };
    assert_eq!(end(&[], &filled(0xFE)).0, Some(0));
    assert_eq!(end(OLD, &filled(0)).0, Some(0));
    assert_eq!(end(OLD, &filled(0xFE)).0, Some(1));
}

#[test]
fn bintime_has_as_many_words_as_its_kernel() {
    let words = |n| {
        let mut code = Code::start();
        code.read("/dev/bintime", 64, 0);
        code.expect(n);
        code.exits(0);
        code
    };
    assert_eq!(end(&[], &words(32)).0, Some(0));
    assert_eq!(end(OLD, &words(24)).0, Some(0));
}

/// mov rcx, n; dec rcx; jnz
fn burn(code: &mut Code, n: u64) {
    code.0.extend([0x48, 0xB9]);
    code.0.extend(n.to_le_bytes());
    code.0.extend([0x48, 0xFF, 0xC9, 0x75, 0xFB]);
}

#[test]
fn times_are_measured() {
    let mut code = Code::start();
    burn(&mut code, 400_000_000);
    code.read("/dev/cputime", 72, 0);
    code.expect(72);
    code.print(BUFFER, 72);
    code.print(USTKTOP - tos::SIZE as u64, tos::SIZE as u64);
    code.exits(0);
    let output = machine(&[], &code);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 72 + tos::SIZE));
    let times: Vec<u64> = String::from_utf8_lossy(&output.stdout[..72])
        .split_ascii_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let [user, _system, real, 0, 0, 0] = times[..] else { panic!("{times:?}") };
    // Linux counts in ticks of 10 ms, and sampled.
    assert!(user >= 30 && user <= real + 20, "user {user} ms, real {real} ms");
    let word = |at: usize| u64::from_le_bytes(output.stdout[72 + at..][..8].try_into().unwrap());
    let (hz, kernel, since) = (word(tos::CYCLEFREQ), word(tos::KCYCLES), word(tos::PCYCLES));
    assert!(kernel > 0 && (hz == 0 || kernel < hz * real / 1000), "{kernel} cycles in the kernel");
    assert!(since > u64::MAX / 2, "pcycles is a count to add the counter to: {since:#x}");
    assert_eq!(word(tos::PID) as u32, 1);
}

#[test]
fn a_proc_sees_its_own_memory_and_registers() {
    for (file, offset, n) in [
        ("/proc/1/mem", DATA, 64),
        ("/proc/1/regs", 0, ureg::SIZE as i32),
        ("/proc/1/fpregs", 0, 512),
        ("/proc/1/mem", 0x1000, -1),
        ("/proc/1/notefpregs", 0, -1),
    ] {
        let mut code = Code::start();
        code.read(file, if n == 64 { 64 } else { 0x700 }, offset);
        code.expect(n);
        code.print(BUFFER, 64);
        code.exits(0);
        let output = machine(&[], &code);
        assert_eq!(output.status.code(), Some(0), "{file} at {offset:#x}");
        if n == 64 {
            assert!(output.stdout.starts_with(b"failed\0"), "the data that lies there");
        }
    }
}

#[test]
fn a_trace_is_read_like_a_program() {
    let mut code = Code::start();
    code.read("/dev/bintime", 0, 0);
    code.call(sysno::OPEN as u64, [text("failed"), 0x11, 0, 0, 0]);
    code.exits(text("failed"));
    let (_, words) = end(&["--trace", "--stats"], &code);
    for line in [
        r#" 1 open("/dev/bintime", OREAD) = 3"#,
        r#" 1 pread(3, 0x400800, 0, 0) = 0 """#,
        r#" 1 open("failed", OWRITE|OTRUNC) = -1 'file does not exist: 'failed''"#,
        " 1 ends: failed",
        "         2 open\n",
        "         4 system calls\n",
    ] {
        assert!(words.contains(line), "{line} is not in:\n{words}");
    }
}

/// Its output goes to a file: no console, to a program that asks for the descriptor's name.
#[test]
fn a_stream_is_named_as_what_it_is() {
    const NAME: &[u8] = b"/.out\0";
    let mut code = Code::start();
    code.call(sysno::FD2PATH as u64, [STDOUT, BUFFER, 64, 0, 0]);
    code.expect(0);
    code.print(BUFFER, NAME.len() as u64);
    code.exits(0);
    let output = machine(&[], &code);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), NAME));
}

/// Conversation 1, whose `ctl` is 4, calls conversation 2, whose `ctl` is 5, and has its data file as 6.
fn conversation() -> Code {
    const RDWR: u64 = 2;
    let mut code = Code::start();
    let open = |code: &mut Code, name, fd| {
        code.call(sysno::OPEN as u64, [text(name), RDWR, 0, 0, 0]);
        code.expect(fd);
    };
    open(&mut code, "/net/tcp/clone", 3);
    tell(&mut code, 3, "announce *!7700");
    open(&mut code, "/net/tcp/clone", 4);
    tell(&mut code, 4, "connect 127.0.0.1!7700");
    open(&mut code, "/net/tcp/0/listen", 5);
    open(&mut code, "/net/tcp/1/data", 6);
    code
}

fn tell(code: &mut Code, ctl: u64, message: &str) {
    let n = message.len() as u64;
    code.call(sysno::PWRITE as u64, [ctl, text(message), n, OWN_OFFSET, 0]);
    code.expect(n as i32);
}

/// What the program printed behind `code`, which prints what lies in the buffer.
fn printed(flags: &[&str], mut code: Code) -> String {
    code.print(BUFFER, 128);
    code.exits(0);
    let output = machine(flags, &code);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim_end_matches('\0').to_string()
}

/// A reset clears a conversation's queues. Until 2025-10-18 the kernel then hung it up once more, with a text that no read
/// takes for the end of a file (`ip/tcp.c:tcpiput`, `tcpkick`).
#[test]
fn a_reset_said_hangup_once() {
    let read = |fails| {
        let mut code = conversation();
        tell(&mut code, 5, "hangup");
        code.call(sysno::PREAD as u64, [6, BUFFER, 10, OWN_OFFSET, 0]);
        code.expect(if fails { -1 } else { 0 });
        code.call(sysno::PWRITE as u64, [6, BUFFER, 1, OWN_OFFSET, 0]);
        code.expect(-1);
        code.call(sysno::ERRSTR as u64, [BUFFER, 128, 0, 0, 0]);
        code
    };
    assert_eq!(printed(OLD, read(true)), "Hangup");
    assert_eq!(printed(&["--no-splice"], read(false)), "i/o on hungup channel");
}

/// Data for an end that has closed is answered by a reset; until 2025-10-18 that end was hung up too.
#[test]
fn data_for_a_closed_end_ended_both_once() {
    let status = || {
        let mut code = conversation();
        tell(&mut code, 5, "close");
        code.call(sysno::PWRITE as u64, [6, BUFFER, 5, OWN_OFFSET, 0]);
        code.expect(5);
        code.call(sysno::OPEN as u64, [text("/net/tcp/2/status"), 0, 0, 0, 0]);
        code.expect(7);
        code.call(sysno::PREAD as u64, [7, BUFFER, 128, 0, 0]);
        code
    };
    let words = |flags| printed(flags, status()).split(' ').take(6).collect::<Vec<_>>().join(" ");
    assert_eq!(words(OLD), "Closed qin 0 qout 0 rq");
    assert_eq!(words(&["--no-splice"]), "Finwait2 qin 0 qout 0 rq");
    assert!(printed(OLD, status()).contains(" qscale 4 "), "{}", printed(OLD, status()));
}

/// A proc that has stopped itself, with nobody left to start it.
#[test]
fn a_machine_in_which_nothing_runs_ends_and_says_so() {
    let mut code = Code::start();
    code.call(sysno::OPEN as u64, [text("/proc/1/ctl"), 1, 0, 0, 0]);
    code.expect(3);
    code.call(sysno::PWRITE as u64, [3, text("stop"), 4, OWN_OFFSET, 0]);
    code.exits(0);
    let words = "plan9-run: no program runs any more: x 1 is Stopped\n";
    assert_eq!(end(&[], &code), (Some(1), words.to_owned()));
}
