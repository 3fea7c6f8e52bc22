//! The registers the kernel saves for a note handler: Ureg, and the frame around it, amd64
//! (`include/ureg.h`, `pc64/trap.c:notify`).

macro_rules! offsets {
    ($($name:ident = $offset:literal;)*) => {
        $(#[doc = concat!("Byte offset of `", stringify!($name), "` in the Ureg.")]
        pub const $name: usize = $offset;)*
    };
}

offsets! {
    AX = 0; BX = 8; CX = 16; DX = 24; SI = 32; DI = 40; BP = 48;
    R8 = 56; R9 = 64; R10 = 72; R11 = 80; R12 = 88; R13 = 96; R14 = 104; R15 = 112;
    DS = 120; ES = 122; FS = 124; GS = 126;
    TYPE = 128; ERROR = 136; PC = 144; CS = 152; FLAGS = 160; SP = 168; SS = 176;
}

/// The size of a Ureg, in bytes.
pub const SIZE: usize = 184;

/// What the kernel pushes before it enters a note handler, as offsets from the handler's stack
/// pointer.
pub mod frame {
    /// The distance from the interrupted stack pointer down to the handler's.
    pub const BELOW: u64 = crate::layout::NOTE_RED_ZONE + (UREG + super::SIZE) as u64;
    /// The pointer to the Ureg, the handler's first argument (also in RBP).
    pub const UREG_POINTER: usize = 8;
    /// The pointer to the note's text, the handler's second argument, which is in no register.
    pub const NOTE_POINTER: usize = 16;
    /// The note's text, 128 bytes with its NUL.
    pub const NOTE: usize = 24;
    /// What was remembered of an outer note.
    pub const PREVIOUS: usize = 152;
    /// The Ureg itself.
    pub const UREG: usize = 160;
}

/// Flag bits that `noted` takes from the Ureg: CF PF AF ZF SF (`pc64/trap.c:setregisters`).
pub const FLAGS_FROM_UREG: u64 = 0xFF;
/// Flag bits that `noted` takes from the handler's own flags at its system call: among them DF and
/// OF.
pub const FLAGS_FROM_HANDLER: u64 = 0xFF00;
