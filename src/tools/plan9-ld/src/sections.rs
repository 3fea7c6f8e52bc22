//! The linked file's sections, proved to lie where the kernel's exec will map the a.out's segments.
//!
//! An a.out says no addresses: the kernel puts the text at a fixed place and the data behind it. So a section that lies
//! anywhere else, or that only start-up code of another system could make use of, is refused here by name.

use anyhow::{Context, Result, bail, ensure};
use object::read::elf::{ElfFile64, SectionHeader};
use object::{Endianness, Object, ObjectSection, SectionFlags, elf};
use plan9_abi::aout::HEADER_SIZE;
use plan9_abi::layout::{DATA_ALIGN, UTZERO};

/// Where the text starts in memory, behind the header.
pub const TEXT_START: u64 = UTZERO + HEADER_SIZE as u64;

/// A linked ELF file.
pub type Elf<'data> = ElfFile64<'data, Endianness>;

/// A section that is loaded.
pub struct Section<'data> {
    pub name: String,
    pub address: u64,
    pub size: u64,
    align: u64,
    /// Part of the data segment.
    pub writable: bool,
    /// Holds instructions.
    pub executable: bool,
    /// As in the file; empty where the memory starts as zeros.
    pub bytes: &'data [u8],
}

impl Section<'_> {
    pub fn end(&self) -> u64 {
        self.address + self.size
    }
}

/// The loaded sections by address: all of the text segment, then all of the data segment.
pub struct Sections<'data> {
    pub text: Vec<Section<'data>>,
    pub data: Vec<Section<'data>>,
    /// The end of the text segment.
    pub text_end: u64,
}

impl<'data> Sections<'data> {
    /// Reads and checks them.
    pub fn read(file: &Elf<'data>) -> Result<Self> {
        let mut all = Vec::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags: flags } = section.flags() else { continue };
            if flags & u64::from(elf::SHF_ALLOC) == 0 || section.size() == 0 {
                continue;
            }
            let name = section.name().unwrap_or("?").to_owned();
            let header = section.elf_section_header();
            start_up(&name, header.sh_type(file.endian()), flags)?;
            let end = section.address().checked_add(section.size());
            end.with_context(|| format!("section {name} reaches over the end of memory"))?;
            all.push(Section {
                name,
                address: section.address(),
                size: section.size(),
                align: section.align(),
                writable: flags & u64::from(elf::SHF_WRITE) != 0,
                executable: flags & u64::from(elf::SHF_EXECINSTR) != 0,
                bytes: section.data().context("the linked file is damaged")?,
            });
        }
        all.sort_by_key(|section| section.address);
        neighbours(&all)?;
        let split = all.iter().position(|section| section.writable).unwrap_or(all.len());
        let data = all.split_off(split);
        if let Some(section) = data.iter().find(|section| !section.writable) {
            bail!(
                "section {} is read-only and lies at {:#x}, among what is written; {MEND}",
                section.name,
                section.address
            );
        }
        let text_end = all.last().context("there is no code in it")?.end();
        if let Some(section) = all.first().filter(|section| section.address < TEXT_START) {
            bail!(
                "section {} lies at {:#x}, below the text at {TEXT_START:#x}; {MEND}",
                section.name,
                section.address
            );
        }
        let data_start = text_end.next_multiple_of(DATA_ALIGN);
        if let Some(section) = data.first().filter(|section| section.address < data_start) {
            bail!(
                "section {} lies at {:#x}, before the data that the kernel puts at {data_start:#x}; {MEND}",
                section.name,
                section.address
            );
        }
        Ok(Self { text: all, data, text_end })
    }
}

const MEND: &str = "the layout is the kernel's, so leave out options that place sections";

/// Neither overlaps nor holes, which would be zeros in the file.
fn neighbours(all: &[Section<'_>]) -> Result<()> {
    for pair in all.windows(2) {
        let [low, high] = pair else { continue };
        ensure!(
            low.end() <= high.address,
            "sections {} and {} overlap at {:#x}; {MEND}",
            low.name,
            high.name,
            high.address
        );
        ensure!(
            high.address - low.end() <= DATA_ALIGN.max(high.align),
            "section {} lies {} bytes behind {}, at {:#x}; {MEND}",
            high.name,
            high.address - low.end(),
            low.name,
            high.address
        );
    }
    Ok(())
}

/// Refuses what another system's start-up would have to act on.
fn start_up(name: &str, kind: u32, flags: u64) -> Result<()> {
    ensure!(
        flags & u64::from(elf::SHF_TLS) == 0,
        "section {name} is thread-local storage by a thread pointer, which Plan 9's kernel does not give; compile \
         with emulated thread-local storage (-femulated-tls)"
    );
    ensure!(
        !matches!(kind, elf::SHT_REL | elf::SHT_RELA | elf::SHT_DYNAMIC | elf::SHT_DYNSYM),
        "section {name} asks for relocation at start, which Plan 9's kernel does not do; compile without ifuncs and \
         position-independent code (-fno-pic)"
    );
    ensure!(
        // As the linker script gathers them.
        !matches!(name, ".init_array" | ".fini_array"),
        "section {name} holds functions to be called around main, which nothing does on Plan 9; call them from main \
         instead"
    );
    Ok(())
}
