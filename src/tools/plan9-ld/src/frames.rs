//! How far a function moves the stack pointer, read from its first instructions.
//!
//! acid and db walk a stack by the size of each function's frame (`libmach/8db.c:i386trace`), which Plan 9's compilers
//! write down and LLVM does not. It stands in the code, though: every function of this target begins by saving the
//! frame pointer, pushes what else it must keep and subtracts the rest; so do the stubs of system calls. Where a function begins otherwise, or aligns
//! its stack, there is no fixed size and the walk ends there.

/// `push rbp`.
const START: [u8; 1] = [0x55];
/// `mov rbp, rsp`, which a stub leaves out.
const FRAME_POINTER: [u8; 3] = [0x48, 0x89, 0xE5];
/// `mov qword ptr [rsp], 0`: touches a page that was just taken.
const TOUCH: [u8; 8] = [0x48, 0xC7, 0x04, 0x24, 0, 0, 0, 0];
/// `sub rsp, 4096`, the touch, `cmp rsp, r11; jne` back: touches page after page down to r11.
const TOUCH_ALL: [u8; 20] = [
    0x48, 0x81, 0xEC, 0, 0x10, 0, 0, 0x48, 0xC7, 0x04, 0x24, 0, 0, 0, 0, 0x4C, 0x39, 0xDC, 0x75,
    0xEC,
];
/// A pushed register or return address.
const WORD: u64 = 8;

/// The size of the frame with the return address, in bytes, where it is fixed.
pub fn size(code: &[u8]) -> Option<u64> {
    let mut code = code.strip_prefix(&START)?;
    code = code.strip_prefix(&FRAME_POINTER).unwrap_or(code);
    let mut size = 2 * WORD;
    loop {
        match code {
            [0x50..=0x57, rest @ ..] | [0x41, 0x50..=0x57, rest @ ..] => {
                size += WORD;
                code = rest;
            }
            // sub rsp, imm8; imm32; and add rsp, -128, which is shorter than to subtract 128.
            [0x48, 0x83, 0xEC, by, rest @ ..] => {
                size += u64::from(*by);
                code = rest;
            }
            [0x48, 0x81, 0xEC, a, b, c, d, rest @ ..] => {
                size += u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
                code = rest;
            }
            [0x48, 0x83, 0xC4, 0x80, rest @ ..] => {
                size += 128;
                code = rest;
            }
            // mov r11, rsp; sub r11, imm32; and the loop.
            [0x49, 0x89, 0xE3, 0x49, 0x81, 0xEB, a, b, c, d, rest @ ..] => {
                size += u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
                code = rest.strip_prefix(&TOUCH_ALL)?;
            }
            // and rsp, imm.
            [0x48, 0x83 | 0x81, 0xE4, ..] => return None,
            _ => match code.strip_prefix(&TOUCH) {
                Some(rest) => code = rest,
                None => return Some(size),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rest: &[&[u8]]) -> Option<u64> {
        size(&[&START[..], &FRAME_POINTER, &rest.concat(), &[0x0F, 0x0B]].concat())
    }

    #[test]
    fn pushes_and_subtractions_are_summed() {
        assert_eq!(of(&[]), Some(16));
        assert_eq!(of(&[&[0x53]]), Some(24));
        assert_eq!(of(&[&[0x41, 0x57, 0x41, 0x56, 0x53, 0x50]]), Some(16 + 32));
        assert_eq!(of(&[&[0x53, 0x48, 0x83, 0xEC, 0x18]]), Some(24 + 24));
        assert_eq!(of(&[&[0x48, 0x81, 0xEC, 0xE8, 0x0B, 0, 0]]), Some(16 + 3048));
        assert_eq!(of(&[&[0x48, 0x83, 0xC4, 0x80]]), Some(16 + 128));
    }

    #[test]
    fn a_stub_needs_no_frame_pointer() {
        // push rbp, rbx, r12 to r15; sub rsp, 56; mov [rsp + 8], rsi.
        let stub = [
            0x55, 0x53, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57, 0x48, 0x83, 0xEC, 56, 0x48,
            0x89, 0x74, 0x24, 8,
        ];
        assert_eq!(size(&stub), Some(8 + 6 * 8 + 56));
    }

    #[test]
    fn pages_that_are_touched_on_the_way_count_once() {
        let page = [0x48, 0x81, 0xEC, 0, 0x10, 0, 0];
        assert_eq!(of(&[&page, &TOUCH, &page, &TOUCH, &[0x48, 0x83, 0xEC, 8]]), Some(16 + 8200));
        let goal = [0x49, 0x89, 0xE3, 0x49, 0x81, 0xEB, 0, 0x80, 1, 0];
        assert_eq!(of(&[&goal, &TOUCH_ALL, &[0x48, 0x83, 0xEC, 8]]), Some(16 + 0x1_8000 + 8));
    }

    #[test]
    fn an_aligned_stack_or_another_beginning_has_no_size() {
        assert_eq!(of(&[&[0x48, 0x83, 0xE4, 0xE0]]), None);
        assert_eq!(size(&[0x48, 0x89, 0xF8, 0xC3]), None);
        assert_eq!(size(&[]), None);
    }
}
