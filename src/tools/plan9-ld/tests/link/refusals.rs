//! What is refused: a sentence, a status, and the earlier output as it was.

use crate::program::Program;
use crate::support::{Bench, linkers, said};
use object::write::StandardSection;
use object::{Object, ObjectSection, elf};
use std::fs;

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

/// A section where the kernel would not map it, in the words that must be said.
const MISPLACED: [(u32, u64, &str); 6] = [
    (0, 0x10_0000, "below the text"),
    (0, 0x1000_0000, "bytes behind"),
    (elf::SHF_WRITE, 0x30_0000, "before the data"),
    (elf::SHF_WRITE, 0x1800_0000, "bytes behind"),
    (0, 0x20_0030, "overlap"),
    (0, 0x50_0000, "among what is written"),
];

fn with_mine(flags: u32) -> Program {
    let mut program = Program::new();
    program.section(".mine", flags, b"mine");
    program.data(StandardSection::Data, "word", b"word");
    program
}

/// GNU ld alone: lld takes such options differently from version to version where there is a linker script.
#[test]
fn an_option_that_misplaces_a_section_is_refused() {
    for (name, linker) in linkers().into_iter().filter(|(name, _)| *name == "ld") {
        for (flags, place, words) in &MISPLACED[..5] {
            let option = format!("--section-start=.mine={place:#x}");
            let said = Bench::new(name, &linker).refused(with_mine(*flags), &[&option]);
            assert!(said.contains(".mine") && said.contains(words), "{place:#x}: {said}");
            assert!(said.contains("leave out options that place sections"), "{said}");
        }
    }
}

/// A linker that puts a section elsewhere: the result of a good one, with another address in it.
#[test]
fn misplaced_and_overlapping_sections_are_named() {
    let (name, linker) = linkers().remove(0);
    for (flags, place, words) in MISPLACED {
        let good = Bench::new(name, &linker);
        let mut elf = good.link(with_mine(flags), &[]).elf;
        let index = {
            let file = object::File::parse(&*elf).unwrap();
            file.section_by_name(".mine").unwrap().index().0
        };
        let headers = u64::from_le_bytes(elf[0x28..0x30].try_into().unwrap()) as usize;
        let address = headers + 64 * index + 16;
        elf[address..address + 8].copy_from_slice(&place.to_le_bytes());
        let bench = Bench::without_linker();
        bench.put("prepared", &elf);
        bench.pretend("cat prepared");
        let said = bench.failed(&mut bench.command(&["-o", "out", "a.o"]));
        assert!(said.contains(".mine") && said.contains(words), "{place:#x}: {said}");
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
    bench.pretend("echo rubbish");
    let said = bench.failed(&mut bench.command(&["-o", "out", "a.o"]));
    assert!(said.contains("out cannot be made: the linker wrote no ELF file"), "{said}");
}
