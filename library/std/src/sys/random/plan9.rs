//! Random bytes from `/dev/random`.
//!
//! A real kernel's first reader waits seconds while the generator is seeded, so it is read as late
//! and as little as can be: a program's hash keys take one read of 16 bytes, and each further pair
//! of keys is a step from the last.

use plan9_abi::errors;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

use crate::sync::OnceLock;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::io::codes;
use crate::sys::pal::cvt;
use crate::sys::pal::devices::open_device;

pub fn fill_bytes(mut bytes: &mut [u8]) {
    if bytes.is_empty() {
        return;
    }
    let fd = cvt(open_device(c"/dev/random", c"#c/random", open::READ | open::CEXEC))
        .expect("failed to open /dev/random");
    while !bytes.is_empty() {
        match file::read(fd, bytes) {
            Ok(0) => panic!("/dev/random is empty"),
            Ok(n) => bytes = &mut bytes[n..],
            Err(_) => match codes::take() {
                errors::INTERRUPTED => {}
                code => panic!(
                    "failed to read /dev/random: {}",
                    crate::io::Error::from_raw_os_error(code)
                ),
            },
        }
    }
    let _ = file::close(fd);
}

pub fn hashmap_random_keys() -> (u64, u64) {
    static SEED: OnceLock<(u64, u64)> = OnceLock::new();
    static STEP: AtomicU64 = AtomicU64::new(0);
    let (seed, key) = *SEED.get_or_init(|| {
        let mut bytes = [0; 16];
        fill_bytes(&mut bytes);
        let halves = u128::from_ne_bytes(bytes);
        (halves as u64, (halves >> 64) as u64)
    });
    // The keys are secret as long as the seed is: each step goes through a mix that cannot be left
    // out.
    (mix(seed ^ STEP.fetch_add(1, Relaxed)), key)
}

/// A bijection in which each bit depends on all: two rounds of xor-shift and multiply.
fn mix(mut word: u64) -> u64 {
    word = (word ^ word >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    word = (word ^ word >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    word ^ word >> 32
}
