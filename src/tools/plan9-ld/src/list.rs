//! An executable's symbol table in print, as Plan 9's `nm -n` shows it, for looking and for tests.

use anyhow::{Context, Result, ensure};
use plan9_abi::aout::Header;
use plan9_abi::symbols::Symbols;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Prints one line a symbol: address, kind, name, in the order of the table.
pub fn print(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let header = Header::parse(&bytes).with_context(|| format!("{}", file.display()))?;
    let start = header.symbols_offset() as usize;
    let table = bytes
        .get(start..start + header.symbols as usize)
        .with_context(|| format!("{} ends before its symbol table does", file.display()))?;
    let mut symbols = Symbols::new(table);
    let mut out = BufWriter::new(io::stdout().lock());
    for symbol in &mut symbols {
        let name = match symbol.kind {
            b'z' | b'Z' => "".into(),
            _ => String::from_utf8_lossy(symbol.name),
        };
        writeln!(out, "{:8x} {} {name}", symbol.value, char::from(symbol.kind))?;
    }
    out.flush()?;
    ensure!(
        symbols.rest().is_empty(),
        "the symbol table of {} is damaged {} bytes before its end",
        file.display(),
        symbols.rest().len()
    );
    Ok(())
}
