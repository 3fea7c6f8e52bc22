//! How the kernel's byte queues count (`port/qio.c`, `port/allocb.c`).
//!
//! A queue's limit counts the space of its blocks, not their data, and no file shows that space. A
//! writer that must never be caught in the wait that notes cannot break has to keep its own
//! account, by the bound given here.

/// The limit of each direction of a pipe, and of a spliced TCP conversation, in allocated bytes
/// (`conf.pipeqsize`).
pub const PIPE_LIMIT: u32 = 262_144;
/// The kernel queues a write in pieces of at most this many bytes (`Maxatomic`).
pub const MAX_ATOMIC: usize = 65_536;
/// The smallest limit of a TCP transmit queue, with a peer that offers no window scale.
pub const TCP_LIMIT_UNSCALED: u32 = 65_535;

/// The space a fresh block of `payload` bytes takes in a queue on amd64, in bytes.
pub const fn block_space(payload: u32) -> u32 {
    let wanted = (payload + 16 + 7) & !7;
    ((159 + wanted + 31) & !31) - 88
}

/// An upper bound, on every architecture and for reused blocks, of the space that a write of
/// `payload` bytes takes.
pub const fn block_space_bound(payload: u32) -> u32 {
    payload + payload / 4 + 288
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_that_of_the_kernel() {
        let table = [
            (0, 104),
            (1, 104),
            (100, 200),
            (1460, 1576),
            (8192, 8296),
            (32768, 32872),
            (49152, 49256),
            (65536, 65640),
        ];
        for (payload, space) in table {
            assert_eq!(block_space(payload), space, "payload {payload}");
            assert!(block_space_bound(payload) >= space);
        }
    }
}
