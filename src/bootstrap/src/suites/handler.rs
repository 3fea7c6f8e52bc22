//! The note handler as it stands in a linked program: assembly that touches no floating-point or vector register, for
//! kernels before 2025-04-05 kill a proc that does so in a handler (`pc64/fpu.c:mathemu`).

use super::Report;
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Context, Result, ensure};
use iced_x86::{CpuidFeature, Decoder, DecoderOptions};
use object::{Object, ObjectSection, ObjectSymbol};
use std::fs;
use std::path::Path;

/// What the handler's symbol contains, mangled: `notes::handler` with the lengths of both.
const NAME: &str = "12note_handler";
/// Fewer instructions are not the handler.
const LEAST: usize = 50;

/// What an integer instruction needs of a processor.
const INTEGER: [CpuidFeature; 8] = [
    CpuidFeature::INTEL8086,
    CpuidFeature::INTEL186,
    CpuidFeature::INTEL286,
    CpuidFeature::INTEL386,
    CpuidFeature::INTEL486,
    CpuidFeature::CMOV,
    CpuidFeature::X64,
    CpuidFeature::SYSCALL,
];

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    const TEST: &str = "integer instructions alone";
    if TEST.contains(part) {
        let binary = layout.build.join("test/handler/hello");
        compile(layout, &layout.root.join("tests/ui/hello.rs"), &binary, &["-O"])?;
        report.record(&format!("handler/{TEST}"), test(&binary.with_extension("elf")));
    }
    Ok(())
}

fn test(elf: &Path) -> Result<()> {
    let file = fs::read(elf).with_context(|| format!("{} cannot be read", elf.display()))?;
    let elf = object::File::parse(&*file).context("the program's ELF file is damaged")?;
    let symbol = elf
        .symbols()
        .find(|symbol| symbol.size() > 0 && symbol.name().is_ok_and(|name| name.contains(NAME)))
        .context("the program has no note handler")?;
    let section = symbol.section_index().context("the note handler lies in no section")?;
    let code = elf
        .section_by_index(section)?
        .data_range(symbol.address(), symbol.size())?
        .context("the note handler's code is not in the file")?;
    ensure!(instructions(code, symbol.address())? >= LEAST, "this is not the note handler");
    Ok(())
}

/// Counts the instructions; fails at the first that a handler must not have.
fn instructions(code: &[u8], address: u64) -> Result<usize> {
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut count = 0;
    for instruction in &mut decoder {
        let foreign = instruction.cpuid_features().iter().find(|&needs| !INTEGER.contains(needs));
        ensure!(
            foreign.is_none() && !instruction.is_invalid(),
            "the note handler has an instruction of {foreign:?} at {:#x}",
            instruction.ip()
        );
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::instructions;

    #[test]
    fn floating_point_is_found() {
        let plain = [0x48, 0x89, 0xD8, 0xF3, 0x48, 0xA5, 0x0F, 0x05];
        assert_eq!(instructions(&plain, 0).unwrap(), 3);
        // movups xmm0, [rax]; fld1; vmovdqu ymm0, [rsi]
        for code in [&[0x0F, 0x10, 0x00][..], &[0xD9, 0xE8], &[0xC5, 0xFE, 0x6F, 0x06]] {
            assert!(instructions(code, 0).is_err(), "{code:x?}");
        }
    }
}
