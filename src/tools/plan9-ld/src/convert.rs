//! From the linked ELF file to the a.out that the kernel loads.

use crate::symbols;
use anyhow::{Context, Result, ensure};
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, SectionFlags, SectionKind};
use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::layout::UTZERO;

/// Segments of memory, filled from the file's sections.
#[derive(Default)]
struct Image {
    text: Vec<u8>,
    data: Vec<u8>,
    /// The end of the bss.
    end: u64,
}

/// Makes an a.out of a linked file.
pub fn convert(elf: &[u8], with_symbols: bool) -> Result<Vec<u8>> {
    let file = ElfFile64::<Endianness>::parse(elf).context("the linker wrote no ELF file")?;
    let text_start = UTZERO + HEADER_SIZE as u64;
    let text_end = sections(&file)
        .filter(|section| !writable(section))
        .map(|section| section.address() + section.size())
        .max()
        .context("there is no code")?;
    let mut header = Header {
        text: size(text_end.checked_sub(text_start).context("code lies below the text")?, "text")?,
        data: 0,
        bss: 0,
        symbols: 0,
        lines: 0,
        entry: file.entry(),
    };
    let data_start = header.data_start();
    let mut image = Image { end: data_start, ..Image::default() };
    for section in sections(&file) {
        let (at, segment) = match writable(&section) {
            true => (section.address().checked_sub(data_start), &mut image.data),
            false => (section.address().checked_sub(text_start), &mut image.text),
        };
        let at = at.with_context(|| {
            format!("section {} lies outside its segment", section.name().unwrap_or("?"))
        })? as usize;
        image.end = image.end.max(section.address() + section.size());
        if section.kind() == SectionKind::UninitializedData {
            continue;
        }
        let bytes = section.data()?;
        segment.resize(segment.len().max(at + bytes.len()), 0);
        segment[at..at + bytes.len()].copy_from_slice(bytes);
    }
    image.text.resize(header.text as usize, 0);
    header.data = size(image.data.len() as u64, "data")?;
    header.bss = size(image.end - (data_start + image.data.len() as u64), "bss")?;
    let table = if with_symbols { symbols::table(&file, text_end) } else { Vec::new() };
    header.symbols = size(table.len() as u64, "symbol table")?;
    Header::parse(&header.encode()).context("the entry point `_start` is not in the text")?;
    let mut output = header.encode().to_vec();
    output.extend(image.text);
    output.extend(image.data);
    output.extend(table);
    Ok(output)
}

fn size(bytes: u64, what: &str) -> Result<u32> {
    const MOST: u64 = i32::MAX as u64;
    ensure!(
        bytes <= MOST,
        "the {what} of {bytes} bytes is too large for an a.out, which holds {MOST}"
    );
    Ok(bytes as u32)
}

fn flags<'data>(section: &impl ObjectSection<'data>) -> u64 {
    match section.flags() {
        SectionFlags::Elf { sh_flags } => sh_flags,
        _ => 0,
    }
}

fn writable<'data>(section: &impl ObjectSection<'data>) -> bool {
    flags(section) & u64::from(object::elf::SHF_WRITE) != 0
}

/// The sections that are loaded.
fn sections<'data, 'file>(
    file: &'file ElfFile64<'data, Endianness>,
) -> impl Iterator<Item = impl ObjectSection<'data>> + use<'data, 'file> {
    file.sections().filter(|section| {
        flags(section) & u64::from(object::elf::SHF_ALLOC) != 0 && section.size() > 0
    })
}
