//! Plan 9 on 64-bit PCs, 9front first.

use crate::spec::{
    Arch, Cc, CodeModel, FramePointer, LinkerFlavor, Lld, Os, PanicStrategy, RelocModel,
    StackProbeType, Target, TargetMetadata, TargetOptions, TlsModel,
};

pub(crate) fn target() -> Target {
    Target {
        llvm_target: "x86_64-unknown-plan9".into(),
        metadata: TargetMetadata {
            description: Some("64-bit Plan 9".into()),
            tier: Some(3),
            host_tools: Some(false),
            std: Some(true),
        },
        pointer_width: 64,
        data_layout:
            "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128".into(),
        arch: Arch::X86_64,
        options: TargetOptions {
            os: Os::Plan9,
            cpu: "x86-64".into(),
            linker: Some("plan9-ld".into()),
            linker_flavor: LinkerFlavor::Gnu(Cc::No, Lld::No),
            executables: true,
            // Programs are loaded at a fixed address, and nothing relocates them.
            relocation_model: RelocModel::Static,
            code_model: Some(CodeModel::Small),
            plt_by_default: false,
            // Nothing sets FS: thread locals are found through the proc's own stack segment.
            has_thread_local: true,
            tls_model: TlsModel::Emulated,
            // A note's frame is pushed right below the stack pointer.
            disable_redzone: true,
            // Plan 9's debuggers walk frame pointers.
            frame_pointer: FramePointer::Always,
            // There are no guard pages: the probe compares with the end of the stack.
            stack_probes: StackProbeType::Call,
            default_uwtable: true,
            panic_strategy: PanicStrategy::Unwind,
            max_atomic_width: Some(64),
            ..Default::default()
        },
    }
}
