//! The probe of a large stack frame on Plan 9, which has no guard pages: touching the frame's pages
//! would only destroy what lies below the stack. So the probe compares instead, if there is
//! something to compare with: std, which knows where its stacks end, puts its comparison into
//! [`__rust_plan9_stack_probe`]. A program without std is not checked.

use core::sync::atomic::AtomicPtr;

/// What the probe goes to, with its own convention: the frame's size in RAX, every register but R11
/// kept.
#[unsafe(no_mangle)]
pub static __rust_plan9_stack_probe: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

#[unsafe(naked)]
#[rustc_std_internal_symbol]
pub unsafe extern "custom" fn __rust_probestack() {
    core::arch::naked_asm!(
        "cmp qword ptr [rip + {probe}], 0",
        "je 2f",
        "jmp qword ptr [rip + {probe}]",
        "2:",
        "ret",
        probe = sym __rust_plan9_stack_probe,
    )
}
