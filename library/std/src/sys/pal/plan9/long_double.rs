//! Names by which LLVM calls 128-bit floating-point functions on a system that it does not know:
//! the C names of `long double`, for the functions that compiler-builtins has under names of their
//! own.

unsafe extern "C" {
    safe fn fmodf128(x: f128, y: f128) -> f128;
    safe fn fmaf128(x: f128, y: f128, z: f128) -> f128;
}

/// `%` of `f128`.
#[unsafe(no_mangle)]
extern "C" fn fmodl(x: f128, y: f128) -> f128 {
    fmodf128(x, y)
}

/// `mul_add` of `f128`.
#[unsafe(no_mangle)]
extern "C" fn fmal(x: f128, y: f128, z: f128) -> f128 {
    fmaf128(x, y, z)
}
