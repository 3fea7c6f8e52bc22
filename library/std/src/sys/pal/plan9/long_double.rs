//! Names by which LLVM calls 128-bit floating-point functions on a system that it does not know: the C names of
//! `long double`, for the functions that compiler-builtins has under names of their own.

use crate::arch::naked_asm;

unsafe extern "C" {
    fn fmodf128();
    fn fmaf128();
}

/// `%` of `f128`.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn fmodl() {
    naked_asm!("jmp {}", sym fmodf128)
}

/// `mul_add` of `f128`.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn fmal() {
    naked_asm!("jmp {}", sym fmaf128)
}
