//! What is refused: a sentence, a status, and the earlier output as it was.

use object::elf;
use object::write::StandardSection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use crate::program::Program;
use crate::support::{Bench, EARLIER, linkers, said};

#[test]
fn an_undefined_symbol_is_named_with_its_mend() {
    for (name, linker) in linkers() {
        let mut program = Program::new();
        program.calls("_ZN3lib6absent17h0123456789abcdefE");
        let said = Bench::new(name, &linker).refused(program, &[]);
        assert!(said.contains("undefined symbol `lib::absent`; link the crate"), "{name}: {said}");
    }
}

#[test]
fn a_missing_entry_point_is_no_warning() {
    for (name, linker) in linkers() {
        let mut program = Program::empty();
        program.function("main");
        let bench = Bench::new(name, &linker);
        let said = bench.refused(program, &[]);
        assert!(said.contains("nothing defines its entry point `_start`"), "{name}: {said}");
        let mut program = Program::new();
        program.function("go");
        let linked = bench.link(program, &["-e", "go"]);
        assert_eq!(linked.header.entry, linked.symbol("go").0, "{name}");
    }
}

#[test]
fn misplaced_and_overlapping_sections_are_named() {
    for (name, linker) in linkers() {
        for (flags, place, words) in [
            (0, "0x100000", "below the text"),
            (0, "0x70000000", "bytes behind"),
            (elf::SHF_WRITE, "0x300000", "before the data"),
            (elf::SHF_WRITE, "0x40000000", "bytes behind"),
            (0, "0x200028", "overlap"),
        ] {
            let mut program = Program::new();
            program.section(".mine", flags, b"mine");
            program.data(StandardSection::Data, "word", b"word");
            let option = format!("--section-start=.mine={place}");
            let said = Bench::new(name, &linker).refused(program, &[&option]);
            assert!(said.contains(".mine") && said.contains(words), "{name}: {place}: {said}");
            assert!(said.contains("leave out options that place sections"), "{name}: {said}");
        }
    }
}

#[test]
fn what_only_another_systems_start_could_use_is_refused() {
    for (name, linker) in linkers() {
        let bench = Bench::new(name, &linker);
        let mut program = Program::new();
        program.section(".tdata", elf::SHF_WRITE | elf::SHF_TLS, b"each");
        let said = bench.refused(program, &[]);
        assert!(said.contains(".tdata") && said.contains("-femulated-tls"), "{name}: {said}");
        let mut program = Program::new();
        program.section(".init_array", elf::SHF_WRITE, &[0; 8]);
        let said = bench.refused(program, &[]);
        assert!(said.contains(".init_array") && said.contains("from main"), "{name}: {said}");
    }
}

#[test]
fn sizes_that_the_header_cannot_hold_are_refused() {
    for (name, linker) in linkers() {
        for size in [3 << 30, 5 << 30] {
            let mut program = Program::new();
            program.zeros("huge", size);
            let said = Bench::new(name, &linker).refused(program, &[]);
            assert!(said.contains(&format!("its bss of {size} bytes")), "{name}: {said}");
            assert!(said.contains("too large"), "{name}: {said}");
        }
    }
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let (name, linker) = linkers().remove(0);
    let bench = Bench::new(name, &linker);
    bench.put("a.o", &Program::new().object());
    for output in ["nowhere/out", "a.o/out"] {
        let said = bench.failed(&mut bench.command(&["-o", output, "a.o"]));
        let folder = output.split('/').next().unwrap();
        assert!(said.contains(&format!("nothing can be written into {folder};")), "{said}");
    }
    for (output, folder) in [("folder", "folder"), ("file", "file.elf")] {
        fs::create_dir(bench.path(folder)).unwrap();
        let said = bench.failed(&mut bench.command(&["-o", output, "a.o"]));
        assert!(said.contains(&format!("{folder} is a directory; remove it")), "{said}");
        assert!(output == folder || !bench.path(output).exists());
    }
    let said = bench.failed(&mut bench.command(&["a.o"]));
    assert!(said.contains("no output file; give one with -o"), "{said}");
}

#[test]
fn a_linker_that_is_not_there_is_asked_for() {
    let bench = Bench::without_linker();
    let said = bench.refused(Program::new(), &[]);
    assert!(said.contains("install lld or binutils"), "{said}");
    // A file of that name that is no program does not count.
    bench.put("bin/ld.lld", b"");
    let said = bench.refused(Program::new(), &[]);
    assert!(said.contains("install lld or binutils"), "{said}");
    let mut command = bench.command(&["-o", "out", "a.o"]);
    let said = bench.failed(command.env("PLAN9_LD", "/nonexistent/ld"));
    assert!(said.contains("/nonexistent/ld cannot be started; mend PLAN9_LD"), "{said}");
}

#[test]
fn the_linkers_own_words_come_first() {
    for (name, linker) in linkers() {
        let bench = Bench::new(name, &linker);
        let mut command = bench.command(&["-o", "out", "absent.o"]);
        let output = command.output().unwrap();
        assert!(said(&output).contains("absent.o"), "{name}: {}", said(&output));
        let sentence = bench.failed(&mut command);
        assert!(sentence.contains("failed (exit status: 1); mend what it says"), "{sentence}");
    }
}

#[test]
fn a_linker_that_writes_rubbish_is_caught() {
    let bench = Bench::without_linker();
    bench.put("a.o", &Program::new().object());
    let script = "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\nprintf rubbish >\"$2\"\n";
    bench.put("bin/ld", script.as_bytes());
    fs::set_permissions(bench.path("bin/ld"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = bench.command(&["-o", "out", "a.o"]);
    let said = bench.failed(command.env("PLAN9_LD", bench.path("bin/ld")));
    assert!(said.contains("out cannot be made: the linker wrote no ELF file"), "{said}");
    assert_eq!(fs::read_to_string(bench.path("out")).unwrap(), EARLIER);
}
