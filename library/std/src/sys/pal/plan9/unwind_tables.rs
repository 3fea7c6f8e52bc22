//! Where the unwinder finds its tables: the linker puts them into the text segment, behind a
//! symbol.

use unwind::{EhFrameFinder, FrameInfo, FrameInfoKind, set_custom_eh_frame_finder};

unsafe extern "C" {
    #[link_name = "__eh_frame_hdr_start"]
    safe static HEADER: u8;
    #[link_name = "__text_start"]
    safe static TEXT: u8;
    #[link_name = "__etext"]
    safe static TEXT_END: u8;
}

struct Tables;

// SAFETY: the address is that of a header with its search table, as the linker made it, and is
// mapped for good.
unsafe impl EhFrameFinder for Tables {
    fn find(&self, pc: usize) -> Option<FrameInfo> {
        let text = (&raw const TEXT).addr()..(&raw const TEXT_END).addr();
        text.contains(&pc).then(|| FrameInfo {
            text_base: None,
            kind: FrameInfoKind::EhFrameHdr((&raw const HEADER).addr()),
        })
    }
}

/// Tells the unwinder; once, before anything can panic.
pub fn install() {
    let _ = set_custom_eh_frame_finder(&Tables);
}
