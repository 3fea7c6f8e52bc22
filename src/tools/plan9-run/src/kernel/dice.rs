//! The machine's chances: moments at which the real kernel would be held up or not.
//!
//! A seed gives the same chances in the same order (SplitMix64); without one they differ from run to run.

use std::ops::Range;

/// A source of chances.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed, or from the host's clock.
    pub fn new(seed: Option<u64>) -> Dice {
        Dice(seed.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(0, |since| since.as_nanos() as u64)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number of the range.
    pub fn of(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start).max(1)
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.of(0..times) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_gives_the_same_chances() {
        let throw = |seed| {
            let mut dice = Dice::new(Some(seed));
            (0..100).map(|_| dice.of(10..20)).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        assert!(throw(7).iter().all(|n| (10..20).contains(n)));
        assert!((10..20).all(|n| throw(7).contains(&n)));
    }
}
