//! The processor: all assembly, and every register, offset and address that is one processor's.

cfg_select! {
    target_arch = "x86_64" => {
        mod x86_64;
        pub use x86_64::*;
    }
}
