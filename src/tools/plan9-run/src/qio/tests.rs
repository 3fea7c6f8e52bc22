//! Figures that were measured on a real kernel.

use super::*;
use crate::kernel::Options;

struct Plain(QueueRef);

impl Owner for Plain {
    fn accept(&self, k: &mut Kernel, data: &[u8]) -> Result<Option<(QueueRef, u64)>> {
        let position = self.0.borrow_mut().append(&mut k.waits, data);
        Ok(Some((Rc::clone(&self.0), position)))
    }
}

fn queue(limit: u64) -> (Kernel, QueueRef, Rc<Plain>) {
    let mut k = Kernel::new(Options::default());
    let queue = Queue::new(&mut k.waits, limit, true);
    let owner = Rc::new(Plain(Rc::clone(&queue)));
    (k, queue, owner)
}

fn write(k: &mut Kernel, queue: &QueueRef, owner: &Rc<Plain>, n: usize) -> Step {
    Write::new(Rc::clone(queue), vec![7; n], owner.clone()).step(k, 1)
}

fn is_done(step: &Step) -> bool {
    matches!(step, Step::Done(Ok(_)))
}

#[test]
fn a_blocked_write_has_queued_whole_pieces() {
    for (asked, queued) in [(65_537, 65_536), (131_072, 65_536), (200_000, 196_608)] {
        // Room for the first pieces only, so that the write waits behind the one that was measured.
        let limit = queued as u64 - 1;
        let (mut k, queue, owner) = queue(limit);
        let mut operation = Write::new(Rc::clone(&queue), vec![7; asked], owner);
        assert!(matches!(operation.step(&mut k, 1), Step::Wait(_, Breakable::ByNotes)));
        assert!(operation.interrupted(&mut k, 1).is_err());
        assert_eq!(queue.borrow().length(), queued, "{asked}");
    }
}

#[test]
fn the_32nd_write_of_8192_waits_in_a_pipe() {
    let (mut k, queue, owner) = queue(262_144);
    for _ in 0..31 {
        assert!(is_done(&write(&mut k, &queue, &owner, 8192)));
    }
    assert!(matches!(write(&mut k, &queue, &owner, 8192), Step::Wait(_, Breakable::ByNotes)));
    assert_eq!(queue.borrow().length(), 262_144);
}

#[test]
fn one_byte_writes_wait_from_the_631st_and_hang_from_the_1262nd() {
    let (mut k, queue, owner) = queue(65_535);
    let mut first = None;
    for n in 1.. {
        match write(&mut k, &queue, &owner, 1) {
            Step::Wait(_, Breakable::Swallows) => {
                assert_eq!((first, n), (Some(631), 1262));
                return;
            }
            Step::Wait(..) => first = first.or(Some(n)),
            Step::Done(_) => assert!(n < 631),
        }
    }
}

#[test]
fn a_hung_up_queue_gives_nothing_three_times_and_then_fails() {
    let (mut k, queue, owner) = queue(1000);
    assert!(is_done(&write(&mut k, &queue, &owner, 5)));
    queue.borrow_mut().hangup(&mut k.waits, HUNGUP);
    let mut read = || {
        let mut read =
            Read { queue: Rc::clone(&queue), count: 10, blocks: false, owner: owner.clone() };
        match read.step(&mut k, 1) {
            Step::Done(Ok(Value::Bytes(bytes))) => Some(bytes.len()),
            _ => None,
        }
    };
    let got: Vec<_> = (0..5).map(|_| read()).collect();
    assert_eq!(got, [Some(5), Some(0), Some(0), Some(0), None]);
}

#[test]
fn an_empty_write_waits_for_room_and_adds_nothing() {
    let (mut k, queue, owner) = queue(100);
    assert!(matches!(write(&mut k, &queue, &owner, 50), Step::Wait(..)));
    let mut empty = Write::new(Rc::clone(&queue), Vec::new(), owner.clone());
    assert!(matches!(empty.step(&mut k, 1), Step::Wait(_, Breakable::ByNotes)));
    assert_eq!(queue.borrow_mut().take(&mut k.waits, 100).len(), 50);
    assert_eq!(queue.borrow().length(), 0);
    assert!(is_done(&empty.step(&mut k, 1)));
}

#[test]
fn a_copy_begins_anywhere_and_takes_nothing() {
    let (mut k, queue, _) = queue(1000);
    let waits = &mut k.waits;
    for piece in [&b"abc"[..], b"", b"defg", b"", b"h"] {
        queue.borrow_mut().append(waits, piece);
    }
    assert_eq!(queue.borrow_mut().take(waits, 1), b"a");
    let whole = b"bcdefgh";
    for offset in 0..=whole.len() {
        for count in 0..=whole.len() {
            let expected = &whole[offset..(offset + count).min(whole.len())];
            assert_eq!(queue.borrow().copy(offset, count), expected, "{offset} {count}");
        }
    }
    assert_eq!(queue.borrow().length(), whole.len());
}

#[test]
fn the_kernel_reads_blocks_and_empty_ones_too() {
    let read = |blocks| {
        let (mut k, queue, owner) = queue(65_535);
        for n in [3, 4, 0, 5] {
            assert!(is_done(&write(&mut k, &queue, &owner, n)));
        }
        let mut counts = Vec::new();
        while queue.borrow().length() > 0 {
            let (queue, owner) = (Rc::clone(&queue), owner.clone());
            let Step::Done(Ok(Value::Bytes(bytes))) =
                (Read { queue, count: 100, blocks, owner }).step(&mut k, 1)
            else {
                panic!("a read did not end");
            };
            counts.push(bytes.len());
        }
        counts
    };
    assert_eq!(read(true), [3, 4, 0, 5]);
    assert_eq!(read(false), [12]);
}
