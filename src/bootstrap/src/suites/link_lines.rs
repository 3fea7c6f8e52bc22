//! Files and lines in a linked program, against what binutils' or LLVM's `addr2line` says of its ELF file.
//!
//! The tables of the a.out are read as acid and db read them (`libmach/sym.c`): a file history for the address, a number by
//! the table of lines, and the history's file at that number. An a.out knows of no inlined functions, so what it says of an
//! address must be what `addr2line -i` says last: the place in the function that is named there.

use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, SectionKind};
use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::history::{Search, separator};
use plan9_abi::layout::UTZERO;
use plan9_abi::lines::line_at;
use plan9_abi::symbols::{Symbol, Symbols};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

/// Every so manieth address is looked at.
const STEP: usize = 13;
/// By how much lines may make a file longer, in percent.
const MOST_PERCENT: usize = 15;
/// A place in the source.
type Source = (String, u32);

/// What lines are in an executable.
struct Tables {
    symbols: Vec<u8>,
    lines: Vec<u8>,
}

impl Tables {
    fn read(file: &[u8]) -> Result<Tables> {
        let header = Header::parse(file)?;
        let part = |start: u64, len: u32| -> Result<Vec<u8>> {
            let part = file.get(start as usize..start as usize + len as usize);
            Ok(part.context("the executable is cut off")?.to_vec())
        };
        let symbols = part(header.symbols_offset(), header.symbols)?;
        let lines = part(header.lines_offset(), header.lines)?;
        ensure!(header.lines_offset() as usize + lines.len() == file.len(), "there is more behind");
        Ok(Tables { symbols, lines })
    }

    /// The bytes that are for lines alone.
    fn size(&self) -> usize {
        let mut all = Symbols::new(&self.symbols);
        let mut size = self.lines.len();
        loop {
            let before = all.rest().len();
            match all.next() {
                Some(symbol) if b"fzZ".contains(&symbol.kind) => size += before - all.rest().len(),
                Some(_) => {}
                None => return size,
            }
        }
    }

    fn source(&self, pc: u64) -> Option<Source> {
        let line = line_at(&self.lines, UTZERO + HEADER_SIZE as u64, pc)?;
        let mut search = Search::new(pc, line);
        Symbols::new(&self.symbols).for_each(|symbol| search.see(&symbol));
        let source = search.source()?;
        let mut name = Vec::new();
        for &number in source.path.elements() {
            let number = u64::from(number);
            let is_it = |symbol: &Symbol<'_>| symbol.kind == b'f' && symbol.value == number;
            name.extend(separator(&name));
            name.extend(Symbols::new(&self.symbols).find(is_it)?.name);
        }
        Some((String::from_utf8(name).ok()?, source.line as u32))
    }
}

/// The executable and its ELF file agree, and the lines are not too long.
pub fn test(binary: &Path, elf: &Path) -> Result<()> {
    let file = fs::read(binary).with_context(|| format!("{} is unreadable", binary.display()))?;
    let tables = Tables::read(&file)?;
    let without = file.len() - tables.size();
    ensure!(
        tables.size() * 100 <= without * MOST_PERCENT,
        "{} bytes of {} are for lines: more than {MOST_PERCENT} %",
        tables.size(),
        file.len()
    );
    let addresses: Vec<u64> = code(elf)?.into_iter().flat_map(|code| code.step_by(STEP)).collect();
    let expected = addr2line(elf, &addresses)?;
    let mut agreed = 0;
    for (pc, expected) in expected {
        let found = tables.source(pc);
        ensure!(
            found.as_ref() == Some(&expected),
            "{pc:#x} is {expected:?}, and the executable says {found:?}"
        );
        agreed += 1;
    }
    ensure!(agreed > 1000, "only {agreed} addresses have a line");
    Ok(())
}

/// Where the code is. The text of an executable holds constants too, and `addr2line` knows where those are declared.
fn code(elf: &Path) -> Result<Vec<Range<u64>>> {
    let file = fs::read(elf).with_context(|| format!("{} is unreadable", elf.display()))?;
    let file = object::File::parse(&*file)?;
    let code = file.sections().filter(|section| section.kind() == SectionKind::Text);
    Ok(code.map(|section| section.address()..section.address() + section.size()).collect())
}

/// No lines at all.
pub fn none(binary: &Path) -> Result<()> {
    let file = fs::read(binary).with_context(|| format!("{} is unreadable", binary.display()))?;
    let size = Tables::read(&file)?.size();
    ensure!(size == 0, "{size} bytes are for lines, although they were stripped");
    Ok(())
}

/// The addresses of which it knows a line, each with the outermost function's.
fn addr2line(elf: &Path, addresses: &[u64]) -> Result<BTreeMap<u64, Source>> {
    let Some(mut child) = ["addr2line", "llvm-addr2line"].iter().find_map(|program| {
        let mut command = Command::new(program);
        command.args(["-a", "-i", "-e"]).arg(elf);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()
    }) else {
        bail!("there is no addr2line; install binutils or llvm");
    };
    let mut input = child.stdin.take().context("no standard input")?;
    let asked: String = addresses.iter().map(|pc| format!("{pc:#x}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    let mut known = BTreeMap::new();
    let mut pc = 0;
    for text in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(number) = text.strip_prefix("0x").filter(|text| !text.contains(':')) {
            pc = u64::from_str_radix(number, 16)?;
            continue;
        }
        // FILE:LINE, and perhaps ` (discriminator N)`; each further line is further out.
        let place = text.split(" (").next().unwrap_or_default();
        let place =
            place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
        match place.filter(|&(_, line)| line > 0) {
            Some((file, line)) => known.insert(pc, (cleaned(file), line)),
            None => known.remove(&pc),
        };
    }
    Ok(known)
}

/// A path without what it takes back.
fn cleaned(path: &str) -> String {
    let mut elements: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match element {
            ".." if elements.last().is_some_and(|&last| last != ".." && !last.is_empty()) => {
                elements.pop();
            }
            "." => {}
            _ => elements.push(element),
        }
    }
    elements.join("/")
}
