//! The write rule against a model of the kernel's queue: it never starts a write that could wait where notes do not
//! reach, and every byte it reports is in the queue once.

use deadline_model::write_rule::{Step, WriteRule};
use plan9_abi::queue::{MAX_ATOMIC, TCP_LIMIT_UNSCALED, block_space};

/// A transmit queue as `port/qio.c` counts it: blocks in order, each with its data and its space.
struct Queue {
    limit: u32,
    blocks: std::collections::VecDeque<(usize, u32)>,
}

impl Queue {
    fn space(&self) -> u32 {
        self.blocks.iter().map(|block| block.1).sum()
    }

    /// Writes; true if the write ran to its end, false if it waited for room and a note ended that.
    fn write(&mut self, count: usize) -> bool {
        assert!(count <= MAX_ATOMIC);
        assert!(
            self.space() < 2 * self.limit + 2,
            "a write that no note can end: {} of {}",
            self.space(),
            self.limit
        );
        self.blocks.push_back((count, block_space(count as u32)));
        self.space() <= self.limit
    }
}

fn storm(limit: u32, sizes: &[usize], drains: impl Fn(usize) -> bool) {
    let mut queue = Queue { limit, blocks: Default::default() };
    let mut rule = WriteRule::new(limit);
    let (mut reported, mut received) = (0, 0);
    for round in 0..20_000 {
        if drains(round) {
            received += queue.blocks.pop_front().map_or(0, |block| block.0);
        }
        let count = match rule.next() {
            Step::Drain => {
                if !queue.blocks.is_empty() {
                    continue;
                }
                rule.drained();
                continue;
            }
            Step::Empty => 0,
            Step::Data(most) => sizes[round % sizes.len()].min(most),
        };
        // A write that is interrupted has been taken all the same.
        reported += count;
        if queue.write(count) { rule.completed() } else { rule.interrupted(count) }
    }
    received += queue.blocks.iter().map(|block| block.0).sum::<usize>();
    assert_eq!(reported, received);
    assert!(reported > 0);
}

#[test]
fn no_write_waits_where_notes_do_not_reach() {
    for limit in [TCP_LIMIT_UNSCALED, 131_070, 262_144, 8_388_480] {
        for sizes in [&[1][..], &[65_536], &[1, 65_536, 300, 49_152, 8_192]] {
            storm(limit, sizes, |_| false);
            storm(limit, sizes, |round| round % 7 == 0);
            storm(limit, sizes, |round| round % 100 > 60);
        }
    }
}

#[test]
fn time_outs_in_a_row_at_window_shift_0() {
    for (piece, expected) in [(48 << 10, 14), (32 << 10, 85)] {
        let mut rule = WriteRule::new(TCP_LIMIT_UNSCALED);
        rule.interrupted(piece);
        let mut empties = 0;
        while rule.next() == Step::Empty {
            rule.interrupted(0);
            empties += 1;
        }
        assert_eq!((rule.next(), empties), (Step::Drain, expected), "behind a piece of {piece}");
    }
}

#[test]
fn an_empty_write_comes_before_data_even_when_drained() {
    let mut rule = WriteRule::new(TCP_LIMIT_UNSCALED);
    rule.interrupted(1);
    rule.drained();
    assert_eq!(rule.next(), Step::Empty);
    rule.completed();
    assert!(matches!(rule.next(), Step::Data(_)));
}
