//! Floating point: what an exception's note says (`pc64/fpu.c:mathnote`), and what instructions a kernel before 2025-04-05
//! forbids a note handler.

use iced_x86::{
    CpuidFeature, Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic,
};

/// Offsets in what FXSAVE writes: status word, program counter of the last x87 instruction, MXCSR.
const FSW: usize = 2;
const FIP: usize = 8;
const MXCSR: usize = 24;
/// The x87 status bit that says that an unmasked exception is pending.
const ERROR_SUMMARY: u32 = 0x80;
/// The exception bits of MXCSR.
const SSE_EXCEPTIONS: u32 = 0x3F;
const STACK_FAULT: u32 = 0x40;
/// Which way the x87 stack failed.
const C1: u32 = 0x200;

/// The note for a floating-point exception at `pc`, from the state that FXSAVE writes.
pub(crate) fn note(state: &[u8], pc: u64) -> String {
    let bytes = |at: usize, n: usize| {
        let mut word = [0; 8];
        if let Some(from) = state.get(at..at + n) {
            word[..n].copy_from_slice(from);
        }
        u64::from_le_bytes(word)
    };
    let fsw = bytes(FSW, 2) as u32;
    let (status, pc) = match fsw & ERROR_SUMMARY {
        0 => (bytes(MXCSR, 4) as u32 & SSE_EXCEPTIONS, pc),
        _ => (fsw, bytes(FIP, 8)),
    };
    format!("sys: fp: {} fppc={pc:#x} status={status:#x}", exception(status))
}

fn exception(status: u32) -> &'static str {
    const NAMES: [&str; 5] = [
        "denormalized operand",
        "division by zero",
        "numeric overflow",
        "numeric underflow",
        "precision loss",
    ];
    if status & 1 != 0 {
        return match (status & STACK_FAULT, status & C1) {
            (0, _) => "invalid operation",
            (_, 0) => "stack underflow",
            _ => "stack overflow",
        };
    }
    let first = (1..).zip(NAMES).find(|(bit, _)| status & 1 << bit != 0);
    first.map_or("unknown exception", |(_, name)| name)
}

/// The instruction at the start of some bytes.
pub(crate) fn decode(code: &[u8], pc: u64) -> Instruction {
    Decoder::with_ip(64, code, pc, DecoderOptions::NONE).decode()
}

/// Whether an instruction traps while the floating-point unit is switched off: it touches x87, MMX, SSE or AVX state.
pub(crate) fn uses_unit(instruction: &Instruction) -> bool {
    let touches = |feature: &CpuidFeature| {
        matches!(
            feature,
            CpuidFeature::FPU
                | CpuidFeature::FPU287
                | CpuidFeature::FPU387
                | CpuidFeature::MMX
                | CpuidFeature::FXSR
                | CpuidFeature::XSAVE
                | CpuidFeature::XSAVEOPT
                | CpuidFeature::XSAVEC
        )
    };
    let state = matches!(instruction.mnemonic(), Mnemonic::Ldmxcsr | Mnemonic::Stmxcsr)
        || matches!(instruction.mnemonic(), Mnemonic::Vldmxcsr | Mnemonic::Vstmxcsr)
        || matches!(instruction.mnemonic(), Mnemonic::Vzeroupper | Mnemonic::Vzeroall)
        || instruction.mnemonic() == Mnemonic::Wait;
    state
        || instruction.cpuid_features().iter().any(touches)
        || InstructionInfoFactory::new().info(instruction).used_registers().iter().any(|used| {
            let register = used.register();
            register.is_vector_register() || register.is_mm() || register.is_st() || register.is_k()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_told_as_the_kernel_tells_it() {
        let mut state = vec![0; 512];
        state[FSW..FSW + 2].copy_from_slice(&0xB884u16.to_le_bytes());
        state[FIP..FIP + 8].copy_from_slice(&0x20_1234u64.to_le_bytes());
        let text = "sys: fp: division by zero fppc=0x201234 status=0xb884";
        assert_eq!(note(&state, 0x20_2000), text);
        state[FSW] = 0;
        state[MXCSR] = 0x01;
        let text = "sys: fp: invalid operation fppc=0x202000 status=0x1";
        assert_eq!(note(&state, 0x20_2000), text);
        assert_eq!(exception(0x241), "stack overflow");
        assert_eq!(exception(0x41), "stack underflow");
    }

    #[test]
    fn only_what_touches_the_unit_is_forbidden() {
        let forbidden: [&[u8]; 7] = [
            b"\x0f\x28\xc1",     // movaps xmm0, xmm1
            b"\xf2\x0f\x58\xc1", // addsd xmm0, xmm1
            b"\xd9\xe8",         // fld1
            b"\x9b",             // fwait
            b"\x0f\xae\x14\x24", // ldmxcsr [rsp]
            b"\xc5\xf8\x77",     // vzeroupper
            b"\x66\x0f\x6e\xc0", // movd xmm0, eax
        ];
        for code in forbidden {
            assert!(uses_unit(&decode(code, 0)), "{code:x?}");
        }
        let allowed: [&[u8]; 6] = [
            b"\x48\x89\xd8", // mov rax, rbx
            b"\x0f\xae\xf0", // mfence
            b"\x0f\xc3\x07", // movnti [rdi], eax
            b"\xf3\x90",     // pause
            b"\xf3\x48\xab", // rep stosq
            b"\x0f\x05",     // syscall
        ];
        for code in allowed {
            assert!(!uses_unit(&decode(code, 0)), "{code:x?}");
        }
    }
}
