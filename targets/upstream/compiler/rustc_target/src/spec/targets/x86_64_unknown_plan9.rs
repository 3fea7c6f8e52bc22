//! Plan 9 on 64-bit PCs, 9front first.

use crate::spec::{Arch, CodeModel, StackProbeType, Target, TargetMetadata, base};

pub(crate) fn target() -> Target {
    let mut base = base::plan9::opts();
    base.cpu = "x86-64".into();
    base.code_model = Some(CodeModel::Small);
    // There are no guard pages: the probe compares with the end of the stack.
    base.stack_probes = StackProbeType::Call;
    base.max_atomic_width = Some(64);

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
        options: base,
    }
}
