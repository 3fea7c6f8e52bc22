//! The system allocator: eight threads whose blocks keep what was written into them, whatever the others do; every size
//! and alignment; zeros where zeros were asked for; and memory that goes back to the kernel.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::process;
use std::thread;

/// A block filled with a pattern of its own.
struct Block {
    at: *mut u8,
    layout: Layout,
    pattern: u8,
}

// SAFETY: the memory is the block's own.
unsafe impl Send for Block {}

impl Block {
    fn new(size: usize, align: usize, pattern: u8) -> Block {
        let layout = Layout::from_size_align(size, align).unwrap();
        let zeroed = pattern % 3 == 0;
        // SAFETY: no layout here is empty.
        let at = unsafe { if zeroed { System.alloc_zeroed(layout) } else { System.alloc(layout) } };
        assert!(!at.is_null() && at.addr() % align == 0);
        let mut block = Block { at, layout, pattern };
        assert!(!zeroed || block.bytes().iter().all(|&byte| byte == 0));
        block.bytes().fill(pattern);
        block
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: as many bytes are the block's.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.layout.size()) }
    }

    fn check(&mut self) {
        let pattern = self.pattern;
        assert!(self.bytes().iter().all(|&byte| byte == pattern));
    }

    fn resize(&mut self, size: usize) {
        let kept = self.layout.size().min(size);
        // SAFETY: the layout is the block's, and the size is not 0.
        self.at = unsafe { System.realloc(self.at, self.layout, size) };
        assert!(!self.at.is_null() && self.at.addr() % self.layout.align() == 0);
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        let pattern = self.pattern;
        let bytes = self.bytes();
        assert!(bytes[..kept].iter().all(|&byte| byte == pattern));
        bytes[kept..].fill(pattern);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check();
        // SAFETY: the layout is the block's.
        unsafe { System.dealloc(self.at, self.layout) };
    }
}

/// Numbers that look like chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound) as usize
    }

    fn size(&mut self) -> usize {
        let most = [64, 1024, 20_000, 300_000][self.below(4)];
        1 + self.below(most)
    }
}

fn work(seed: u64) -> Vec<Block> {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ seed << 32);
    let mut blocks: Vec<Block> = Vec::new();
    for _ in 0..2000 {
        match chance.below(5) {
            0 | 1 if blocks.len() < 100 => {
                let align = 1 << chance.below(13);
                blocks.push(Block::new(chance.size(), align, chance.below(256) as u8));
            }
            2 if !blocks.is_empty() => {
                let at = chance.below(blocks.len() as u64);
                let size = chance.size();
                blocks[at].resize(size);
            }
            _ if !blocks.is_empty() => {
                let at = chance.below(blocks.len() as u64);
                drop(blocks.swap_remove(at));
            }
            _ => {}
        }
    }
    blocks
}

/// What the kernel counts as this program's memory, in MiB (man 3/proc).
fn memory() -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process::id())).unwrap();
    status[68..].split_whitespace().nth(6).unwrap().parse::<u64>().unwrap() / 1024
}

fn main() {
    // What one thread made, another frees.
    let threads: Vec<_> = (0..8).map(|seed| thread::spawn(move || work(seed))).collect();
    let left: Vec<Block> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    println!("kept: {}", left.len() > 100);
    drop(left);

    let before = memory();
    let mut grown = Block::new(1 << 20, 8, 1);
    let mut moves = 0;
    for mib in (4..=60).step_by(4) {
        let at = grown.at;
        grown.resize(mib << 20);
        moves += u32::from(mib > 16 && grown.at != at);
    }
    println!("a large block grows where it is: {}", moves == 0);
    println!("in use: {}", memory() >= 60);
    // Something behind it, so that it is not at the heap's end.
    let behind = Block::new(5000, 8, 7);
    let in_use = memory();
    drop(grown);
    println!("a large block is given back: {}", memory() + 58 < in_use);
    drop(behind);

    let many: Vec<Block> = (0..6000).map(|n| Block::new(10_000, 8, n as u8)).collect();
    let in_use = memory();
    drop(many);
    // The allocator looks at the heap's end now and then.
    (0..10).for_each(|_| drop(Block::new(10_000, 8, 1)));
    println!("many small ones: {}", memory() + 30 < in_use);

    // Large blocks, beside each other: shrunk, grown again, freed and made anew.
    let mut large: Vec<_> = (1..4).map(|n| Block::new(n * 17 << 20, 8, n as u8)).collect();
    for mib in [20, 5, 40, 18] {
        large.iter_mut().for_each(|block| block.resize((mib << 20) + 5000));
    }
    large.swap_remove(1);
    large.push(Block::new(33 << 20, 1 << 20, 3));
    drop(large);
    // Zeros take no memory until they are touched.
    let zeros = vec![0u8; 8 << 30];
    println!("untouched: {} {}", memory() < before + 20, zeros[7 << 30]);
    drop(zeros);

    // A deep stack goes back when its thread has ended.
    thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(|| std::hint::black_box([1u8; 20 << 20])[9])
        .unwrap()
        .join()
        .unwrap();
    println!("stacks: {}", memory() < before + 20);
    // No request is too large to be refused.
    for size in [1 << 40, isize::MAX as usize - 4096] {
        // SAFETY: the layout is not empty.
        println!("{:?}", unsafe { System.alloc(Layout::from_size_align(size, 4096).unwrap()) });
    }
}
