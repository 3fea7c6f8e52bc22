//! A malformed or foreign file on the command line: one clear sentence, and no machine.

mod common;

use common::{Code, executable, put, run, survived};
use plan9_abi::aout::Header;
use plan9_abi::sysno;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// What the machine says of a file: one line on standard error, with failure as exit code.
fn said(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let program = put(folder.path(), name, bytes);
    let output = run("a file", folder.path(), &[], &program, LIMIT);
    survived(name, &output);
    assert_eq!(output.status.code(), Some(1), "{name}");
    assert!(output.stdout.is_empty());
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words.lines().count(), 1, "{words}");
    words.replace(&*program.to_string_lossy(), "FILE")
}

fn header(change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let good = executable(&[0x90; 64], b"data", 4096);
    let mut header = Header::parse(&good).unwrap();
    change(&mut header);
    [&header.encode()[..], &good[40..]].concat()
}

#[test]
fn each_kind_of_bad_file_has_its_sentence() {
    let elf = said("x", b"\x7fELF\x02\x01\x01 and more than a header's length of it");
    assert!(elf.contains("is an ELF executable, not one of Plan 9; build it for"), "{elf}");
    let empty = said("x", b"");
    assert!(empty.contains("is empty"), "{empty}");
    let text = said("x", b"hello, world\n and more than a header's length\n");
    assert!(text.contains("does not begin as a Plan 9 executable does"), "{text}");
    let short = said("x", &executable(&[0x90; 64], b"", 0)[..39]);
    assert!(short.contains("is cut off within the header"), "{short}");
    let cut = said("x", &executable(&[0x90; 64], b"data", 0)[..100]);
    assert!(cut.contains("speaks of 108 bytes of text and data, the file has 100"), "{cut}");
    for bytes in ["#!\n", "#!  \n", "#!/bin/rc"] {
        let script = said("x", bytes.as_bytes());
        assert!(script.contains("names no interpreter in its first line"), "{script}");
    }
    let arm = said("x", &[&[0, 0, 0x8C, 0x47][..], &[0; 60]].concat());
    assert!(arm.contains("of another architecture (magic 0x8c47"), "{arm}");
}

#[test]
fn a_missing_interpreter_is_named() {
    let words = said("x", b"#!/nosuch -x\n");
    assert_eq!(words, "plan9-run: FILE: file does not exist: '/nosuch'\n");
}

#[test]
fn a_file_that_may_not_be_executed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let program = put(folder.path(), "x", &executable(&[0x90], b"", 0));
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o644)).unwrap();
    let output = run("a file", folder.path(), &[], &program, LIMIT);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("is not executable; chmod +x it"), "{words}");
}

#[test]
fn an_elf_file_beside_the_program_points_at_it() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "hello", b"anything");
    let elf = put(folder.path(), "hello.elf", b"\x7fELF");
    let output = run("a file", folder.path(), &[], &elf, LIMIT);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("for gdb; run "), "{words}");
}

#[test]
fn a_header_that_lies_is_refused() {
    for field in [1u32 << 16, 1 << 31, u32::MAX] {
        for words in [
            said("text", &header(|header| header.text = field)),
            said("data", &header(|header| header.data = field)),
        ] {
            assert!(words.contains("is cut off: its header speaks of"), "{words}");
        }
    }
    for entry in [0, 0x20_0027, 0x20_0028 + 64, u64::MAX] {
        let words = said("entry", &header(|header| header.entry = entry));
        assert!(words.contains("lies outside the text"), "{words}");
    }
}

#[test]
fn a_bss_of_four_gigabytes_is_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let mut code = Code::start();
    code.call(sysno::EXITS as u64, [0; 5]);
    let program = put(folder.path(), "x", &executable(&code.0, b"", u32::MAX));
    let output = run("a file", folder.path(), &[], &program, LIMIT);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Scripts whose interpreters are scripts: eight are followed, a ninth is not; an old kernel follows one.
#[test]
fn scripts_are_followed_to_their_depth() {
    let folder = tempfile::tempdir().unwrap();
    let mut code = Code::start();
    code.call(sysno::EXITS as u64, [0; 5]);
    put(folder.path(), "s0", &executable(&code.0, b"", 0));
    let depth = |n: usize, flags: &[&str]| {
        for level in 1..=n {
            let line = format!("#!/s{} 'an argument' it''s\n", level - 1);
            put(folder.path(), &format!("s{level}"), line.as_bytes());
        }
        let output =
            run("a file", folder.path(), flags, &folder.path().join(format!("s{n}")), LIMIT);
        survived("scripts", &output);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(depth(8, &[]), (Some(0), String::new()));
    let (code, words) = depth(9, &[]);
    assert!(code == Some(1) && words.contains("exec header invalid"), "{words}");
    assert_eq!(depth(1, &["--kernel", "2024-04"]).0, Some(0));
    assert_eq!(depth(2, &["--kernel", "2024-04"]).0, Some(1));
}
