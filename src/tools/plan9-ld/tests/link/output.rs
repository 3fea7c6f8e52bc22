//! What comes out: header, segments, symbols and the ELF file, with each linker that is there.

use crate::program::Program;
use crate::support::{Bench, linkers, said};
use object::write::StandardSection;
use object::{Object, ObjectSection, ObjectSymbol, elf};
use plan9_abi::aout::{HEADER_SIZE, MAGIC_AMD64};
use plan9_abi::layout::{DATA_ALIGN, UTZERO};
use plan9_abi::symbols::NAME_MAX;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const TEXT_START: u64 = UTZERO + HEADER_SIZE as u64;

/// A program with something in every segment.
fn whole() -> Program {
    let mut program = Program::empty();
    let start = program.function("_start");
    program.function("_ZN5hello4main17h0123456789abcdefE");
    program.function("_RNvCs1234_5hello5other");
    program.unwind_table(start);
    program.data(StandardSection::ReadOnlyData, "greeting", b"hello, world\n");
    let word =
        program.data(StandardSection::Data, "word", &0x1122_3344_5566_7788_u64.to_le_bytes());
    program.pointer("pointer", word);
    program.zeros("zeros", 12_345);
    program
}

#[test]
fn the_header_says_what_exec_maps() {
    for (name, linker) in linkers() {
        let linked = Bench::new(name, &linker).link(whole(), &[]);
        let header = linked.header;
        assert_eq!(linked.file[..4], MAGIC_AMD64.to_be_bytes(), "{name}");
        let file = object::File::parse(&*linked.elf).unwrap();
        assert_eq!(header.entry, linked.symbol("_start").0, "{name}");
        assert_eq!(header.entry, file.entry(), "{name}");
        assert_eq!(header.lines, 0, "{name}");
        let sizes = [header.text, header.data, header.symbols].map(|size| size as usize);
        assert_eq!(linked.file.len(), HEADER_SIZE + sizes.iter().sum::<usize>(), "{name}");
        // 16 bytes of statics; then the 12,345 zeros, at the next multiple of 8.
        assert_eq!((header.data, header.bss), (16, 12_345), "{name}");
        assert_eq!(header.data_start() % DATA_ALIGN, 0, "{name}");
        assert_eq!(linked.symbol("zeros"), (header.data_start() + 16, 'B'), "{name}");
        let end = file.symbols().find(|s| s.name() == Ok("__end")).unwrap().address();
        assert_eq!(end, header.end(), "{name}: std's heap begins where the bss ends");
    }
}

#[test]
fn every_section_lies_where_the_kernel_maps_it() {
    for (name, linker) in linkers() {
        let linked = Bench::new(name, &linker).link(whole(), &[]);
        let file = object::File::parse(&*linked.elf).unwrap();
        let mut seen = Vec::new();
        for section in file.sections() {
            let object::SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            let bytes = section.data().unwrap();
            if sh_flags & u64::from(elf::SHF_ALLOC) != 0 && !bytes.is_empty() {
                seen.push(section.name().unwrap().to_owned());
                assert_eq!(linked.memory(section.address(), bytes.len()), bytes, "{name} {seen:?}");
            }
        }
        for section in [".text", ".rodata", ".eh_frame_hdr", ".eh_frame", ".data"] {
            assert!(seen.contains(&section.to_owned()), "{name}: {section} is not in {seen:?}");
        }
        let word = linked.symbol("word").0;
        assert_eq!(linked.memory(word, 8), 0x1122_3344_5566_7788_u64.to_le_bytes(), "{name}");
        assert_eq!(linked.memory(linked.symbol("pointer").0, 8), word.to_le_bytes(), "{name}");
    }
}

#[test]
fn unwind_tables_stand_in_the_text_behind_their_symbol() {
    for (name, linker) in linkers() {
        let linked = Bench::new(name, &linker).link(whole(), &[]);
        let file = object::File::parse(&*linked.elf).unwrap();
        let address =
            |wanted: &str| file.symbols().find(|s| s.name() == Ok(wanted)).unwrap().address();
        let table = address("__eh_frame_hdr_start");
        assert!((address("__text_start")..address("__etext")).contains(&table), "{name}");
        assert!((TEXT_START..TEXT_START + 16).contains(&address("__text_start")), "{name}");
        // Version 1; the frames' address relative to here; one function, in a sorted table of relative addresses.
        assert_eq!(linked.memory(table, 4), [1, 0x1B, 0x03, 0x3B], "{name}");
        assert_eq!(linked.memory(table + 8, 4), 1_u32.to_le_bytes(), "{name}");
        let relative = i32::from_le_bytes(linked.memory(table + 12, 4).try_into().unwrap());
        let start = table.wrapping_add_signed(i64::from(relative));
        assert_eq!(start, linked.symbol("_start").0, "{name}");
    }
}

#[test]
fn symbols_are_sorted_demangled_and_begin_with_etext() {
    for (name, linker) in linkers() {
        let linked = Bench::new(name, &linker).link(whole(), &[]);
        let symbols = linked.symbols();
        let text_end = TEXT_START + u64::from(linked.header.text);
        assert_eq!(symbols[0], (text_end, 'T', "etext".to_owned()), "{name}");
        let places: Vec<_> = symbols[1..].iter().filter(|s| s.1 != 'm').map(|s| s.0).collect();
        assert!(places.is_sorted(), "{name}: {places:x?}");
        for (symbol, kind) in [
            ("_start", 'T'),
            ("hello::main", 'T'),
            ("hello::other", 'T'),
            ("greeting", 'T'),
            ("word", 'D'),
            ("zeros", 'B'),
        ] {
            assert_eq!(linked.symbol(symbol).1, kind, "{name}: {symbol}");
        }
        // The frame of a function follows it, as libmach expects.
        let main = symbols.iter().position(|s| s.2 == "hello::main").unwrap();
        assert_eq!(symbols[main + 1], (48, 'm', ".frame".to_owned()), "{name}");
        let data = symbols.iter().position(|s| s.2 == "greeting").unwrap();
        assert!(symbols.get(data + 1).is_none_or(|s| s.1 != 'm'), "{name}");
    }
}

/// Else a debugger would take it for a function, without the frame that a stack trace needs.
#[test]
fn a_label_within_a_function_is_left_out() {
    for (name, linker) in linkers() {
        let mut program = Program::new();
        let function = program.function("function");
        program.label("within", function, 4);
        program.label("behind", function, 11);
        program.function("next");
        let symbols = Bench::new(name, &linker).link(program, &[]).symbols();
        let has = |label: &str| symbols.iter().any(|symbol| symbol.2 == label);
        assert!(has("function") && has("behind") && !has("within"), "{name}: {symbols:x?}");
    }
}

#[test]
fn a_long_name_is_cut_to_what_acid_takes() {
    for (name, linker) in linkers() {
        let mut program = Program::new();
        program.function(&"long".repeat(5000));
        let linked = Bench::new(name, &linker).link(program, &[]);
        let longest = linked.symbols().into_iter().map(|s| s.2.len()).max();
        assert_eq!(longest, Some(NAME_MAX), "{name}");
    }
}

#[test]
fn stripping_empties_the_table_and_leaves_the_elf_file_whole() {
    for (name, linker) in linkers() {
        for option in ["-s", "--strip-all"] {
            let linked = Bench::new(name, &linker).link(whole(), &[option]);
            assert_eq!(linked.header.symbols, 0, "{name}");
            let file = object::File::parse(&*linked.elf).unwrap();
            assert!(file.symbols().any(|symbol| symbol.name() == Ok("_start")), "{name}");
        }
        // Without debugging information functions keep their names.
        let linked = Bench::new(name, &linker).link(whole(), &["--strip-debug"]);
        assert_eq!(linked.symbol("hello::main").1, 'T', "{name}");
    }
}

#[test]
fn sections_of_the_programs_own_join_their_segment() {
    for (name, linker) in linkers() {
        let mut program = whole();
        program.section(".mine", elf::SHF_WRITE, b"mine");
        program.section(".fixed", 0, b"fixed");
        program.section("set_of_things", elf::SHF_WRITE, b"things");
        let linked = Bench::new(name, &linker).link(program, &[]);
        let data = linked.header.data_start();
        for (symbol, bytes) in [("in.mine", "mine"), ("inset_of_things", "things")] {
            let (address, kind) = linked.symbol(symbol);
            assert!(address >= data && kind == 'D', "{name}: {symbol} at {address:x}");
            assert_eq!(linked.memory(address, bytes.len()), bytes.as_bytes(), "{name}");
        }
        let (address, kind) = linked.symbol("in.fixed");
        assert!(address < data && kind == 'T', "{name}: .fixed at {address:x}");
        assert_eq!(linked.memory(address, 5), b"fixed", "{name}");
        let file = object::File::parse(&*linked.elf).unwrap();
        let end = file.symbols().find(|s| s.name() == Ok("__end")).unwrap().address();
        assert_eq!(end, linked.header.end(), "{name}");
    }
}

#[test]
fn an_output_that_is_there_is_replaced_and_can_be_executed() {
    let (name, linker) = linkers().remove(0);
    let bench = Bench::new(name, &linker);
    bench.link(Program::new(), &[]);
    let linked = bench.link(whole(), &[]);
    assert_eq!(linked.symbol("word").1, 'D');
    let mode = fs::metadata(bench.path("out")).unwrap().permissions().mode();
    assert_eq!(mode & 0o700, 0o700);
    assert_eq!(mode, fs::metadata(bench.path("out.elf")).unwrap().permissions().mode());
}

#[test]
fn arguments_may_stand_in_a_file() {
    let (name, linker) = linkers().remove(0);
    let bench = Bench::new(name, &linker);
    bench.put("a b.o", &whole().object());
    bench.put("args", b"-o\nout\n\"a\\ b.o\"\n");
    let output = bench.command(&["@args"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(bench.linked().symbol("word").1, 'D');
}

#[test]
fn the_symbols_are_printed() {
    let (name, linker) = linkers().remove(0);
    let bench = Bench::new(name, &linker);
    let linked = bench.link(whole(), &[]);
    let output = bench.command(&["--symbols", "out"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let main = format!("{:8x} T hello::main", linked.symbol("hello::main").0);
    assert!(text.lines().any(|line| line == main), "{text}");
    assert_eq!(text.lines().count(), linked.symbols().len());
    let output = bench.command(&["--symbols", "a.o"]).output().unwrap();
    assert!(!output.status.success());
    let text = said(&output);
    assert!(text.starts_with("plan9-ld: a.o: the file does not begin as"), "{text}");
    bench.put("cut", &linked.file[..linked.file.len() - 1]);
    let output = bench.command(&["--symbols", "cut"]).output().unwrap();
    assert!(said(&output).contains("ends before its symbol table"), "{}", said(&output));
}
