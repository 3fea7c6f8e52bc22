//! A relocatable object as rustc would make it, by the `object` crate, so that no compiler has to be there.

use object::write::{Object, Relocation, StandardSection, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionFlags, SectionKind,
    SymbolFlags, SymbolKind, SymbolScope, elf,
};

/// `push rbp; mov rbp, rsp; push rbx; sub rsp, 24; ud2`: 48 bytes of frame.
pub const CODE: [u8; 11] = [0x55, 0x48, 0x89, 0xE5, 0x53, 0x48, 0x83, 0xEC, 24, 0x0F, 0x0B];

/// An object with an entry point, to which more is added.
pub struct Program(Object<'static>);

impl Program {
    pub fn empty() -> Self {
        Self(Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little))
    }

    pub fn new() -> Self {
        let mut program = Self::empty();
        program.function("_start");
        program
    }

    pub fn object(&self) -> Vec<u8> {
        self.0.write().unwrap()
    }

    fn symbol(&mut self, name: &str, kind: SymbolKind, section: SymbolSection) -> SymbolId {
        self.0.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value: 0,
            size: 0,
            kind,
            scope: SymbolScope::Dynamic,
            weak: false,
            section,
            flags: SymbolFlags::None,
        })
    }

    pub fn function(&mut self, name: &str) -> SymbolId {
        let section = self.0.section_id(StandardSection::Text);
        let symbol = self.symbol(name, SymbolKind::Text, SymbolSection::Undefined);
        self.0.add_symbol_data(symbol, section, &CODE, 16);
        symbol
    }

    /// A label without a type, as assembly leaves it, so many bytes behind a function's start.
    pub fn label(&mut self, name: &str, function: SymbolId, behind: u64) {
        let start = self.0.symbol(function).value;
        let section = SymbolSection::Section(self.0.section_id(StandardSection::Text));
        let label = self.symbol(name, SymbolKind::Label, section);
        self.0.symbol_mut(label).value = start + behind;
    }

    /// A function that calls what no object defines.
    pub fn calls(&mut self, name: &str) {
        let section = self.0.section_id(StandardSection::Text);
        let callee = self.symbol(name, SymbolKind::Text, SymbolSection::Undefined);
        let at = self.0.append_section_data(section, &[0xE8, 0, 0, 0, 0], 16);
        let flags = RelocationFlags::Elf { r_type: elf::R_X86_64_PLT32 };
        let call = Relocation { offset: at + 1, symbol: callee, addend: -4, flags };
        self.0.add_relocation(section, call).unwrap();
    }

    pub fn data(&mut self, section: StandardSection, name: &str, bytes: &[u8]) -> SymbolId {
        let section = self.0.section_id(section);
        let symbol = self.symbol(name, SymbolKind::Data, SymbolSection::Undefined);
        self.0.add_symbol_data(symbol, section, bytes, 8);
        symbol
    }

    /// A static that holds the address of another.
    pub fn pointer(&mut self, name: &str, to: SymbolId) {
        let section = self.0.section_id(StandardSection::Data);
        let symbol = self.symbol(name, SymbolKind::Data, SymbolSection::Undefined);
        let at = self.0.add_symbol_data(symbol, section, &[0; 8], 8);
        let flags = RelocationFlags::Elf { r_type: elf::R_X86_64_64 };
        let word = Relocation { offset: at, symbol: to, addend: 0, flags };
        self.0.add_relocation(section, word).unwrap();
    }

    pub fn zeros(&mut self, name: &str, size: u64) {
        let section = self.0.section_id(StandardSection::UninitializedData);
        let symbol = self.symbol(name, SymbolKind::Data, SymbolSection::Undefined);
        self.0.add_symbol_bss(symbol, section, size, 8);
    }

    /// A section by name, as `#[link_section]` makes it; `flags` as in the ELF header.
    pub fn section(&mut self, name: &str, flags: u32, bytes: &[u8]) {
        let kind = match flags & elf::SHF_TLS != 0 {
            true => SectionKind::Tls,
            false => SectionKind::Data,
        };
        let section = self.0.add_section(Vec::new(), name.as_bytes().to_vec(), kind);
        self.0.section_mut(section).flags =
            SectionFlags::Elf { sh_flags: u64::from(flags | elf::SHF_ALLOC) };
        let symbol = self.symbol(&format!("in{name}"), SymbolKind::Data, SymbolSection::Undefined);
        self.0.add_symbol_data(symbol, section, bytes, 8);
    }

    /// Unwinding information of one function: a CIE and an FDE that points to it.
    pub fn unwind_table(&mut self, function: SymbolId) {
        let section =
            self.0.add_section(Vec::new(), b".eh_frame".to_vec(), SectionKind::ReadOnlyData);
        let cie = [
            0x14, 0, 0, 0, 0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x1B, 0x0C, 7, 8, 0x90, 1,
            0, 0,
        ];
        let mut fde = [0; 24];
        (fde[0], fde[4], fde[12]) = (0x14, 0x1C, CODE.len() as u8);
        self.0.append_section_data(section, &[&cie[..], &fde].concat(), 8);
        let flags = RelocationFlags::Elf { r_type: elf::R_X86_64_PC32 };
        let place = Relocation { offset: 24 + 8, symbol: function, addend: 0, flags };
        self.0.add_relocation(section, place).unwrap();
    }
}
