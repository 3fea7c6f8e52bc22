//! Executables made byte by byte, and the machine run on them.

use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::layout::UTZERO;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A program may go round for ever; Ctrl-C ends it then, which none of these programs handles.
const PATIENCE: Duration = Duration::from_secs(2);

/// An executable of that code, entered at its start.
pub fn executable(code: &[u8], data: &[u8], bss: u32) -> Vec<u8> {
    let header = Header {
        text: code.len() as u32,
        data: data.len() as u32,
        bss,
        symbols: 0,
        lines: 0,
        entry: UTZERO + HEADER_SIZE as u64,
    };
    [&header.encode()[..], code, data].concat()
}

/// Writes a file into a folder that becomes the machine's root.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Runs the machine with its root in `folder`; `what` is said where it does not end within `limit`.
pub fn run(what: &str, folder: &Path, flags: &[&str], program: &Path, limit: Duration) -> Output {
    let (out, err) = (folder.join(".out"), folder.join(".err"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_plan9-run"))
        .args(flags)
        .arg("--root")
        .arg(folder)
        .arg(program)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let mut interrupted = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE && !interrupted {
            // SAFETY: a plain system call on a child of ours.
            unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
            interrupted = true;
        }
        if start.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{what}: hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |path| std::fs::read(path).unwrap();
    Output { status, stdout: read(out), stderr: read(err) }
}

/// Panics if the machine did.
pub fn survived(what: &str, output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code().is_some(),
        "{what}: ended by a signal: {}\n{words}",
        output.status
    );
    assert!(!words.contains("panicked at"), "{what}: {words}");
}

/// Machine code put together an instruction at a time.
#[derive(Default)]
pub struct Code(pub Vec<u8>);

impl Code {
    /// A system call with any arguments.
    pub fn call(&mut self, number: u64, args: [u64; 5]) {
        for (slot, arg) in (1u8..).zip(args) {
            // mov rax, imm64; mov [rsp + 8*slot], rax
            self.0.extend([0x48, 0xB8]);
            self.0.extend(arg.to_le_bytes());
            self.0.extend([0x48, 0x89, 0x44, 0x24, 8 * slot]);
        }
        // mov rbp, imm64; syscall
        self.0.extend([0x48, 0xBD]);
        self.0.extend(number.to_le_bytes());
        self.0.extend([0x0F, 0x05]);
    }

    /// Room for arguments below what the kernel put on the stack.
    pub fn start() -> Code {
        // sub rsp, 64
        Code(vec![0x48, 0x83, 0xEC, 0x40])
    }
}
