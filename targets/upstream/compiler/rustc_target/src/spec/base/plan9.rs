//! What the targets of Plan 9 have in common.

use crate::spec::{
    Cc, FramePointer, LinkerFlavor, Lld, Os, PanicStrategy, RelocModel, TargetOptions, TlsModel,
};

pub(crate) fn opts() -> TargetOptions {
    TargetOptions {
        os: Os::Plan9,
        linker: Some("plan9-ld".into()),
        linker_flavor: LinkerFlavor::Gnu(Cc::No, Lld::No),
        executables: true,
        // Programs are loaded at a fixed address, and nothing relocates them.
        relocation_model: RelocModel::Static,
        plt_by_default: false,
        // Nothing sets a thread pointer: thread locals are found through the proc's own stack segment.
        has_thread_local: true,
        tls_model: TlsModel::Emulated,
        // A note's frame is pushed right below the stack pointer.
        disable_redzone: true,
        // Plan 9's debuggers walk frame pointers.
        frame_pointer: FramePointer::Always,
        default_uwtable: true,
        panic_strategy: PanicStrategy::Unwind,
        ..Default::default()
    }
}
