//! A merge sort in scoped threads that borrow parts of one slice.

use std::thread;

const LEN: usize = 200_000;
const THREADS: usize = 8;

fn sort<T: Copy + Ord + Send>(slice: &mut [T], threads: usize) {
    if threads < 2 || slice.len() < 2 {
        return slice.sort_unstable();
    }
    let (left, right) = slice.split_at_mut(slice.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| sort(left, threads / 2));
        sort(right, threads - threads / 2);
    });
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut a, mut b) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    while let (Some(one), Some(other)) = (a.peek(), b.peek()) {
        merged.extend(if one <= other { a.next() } else { b.next() });
    }
    merged.extend(a.chain(b));
    slice.copy_from_slice(&merged);
}

fn main() {
    let mut numbers: Vec<u64> =
        (0..LEN as u64).map(|n| n.wrapping_mul(6_364_136_223_846_793_005) >> 20).collect();
    let mut expected = numbers.clone();
    expected.sort();
    println!("sorted before: {}", numbers.is_sorted());
    sort(&mut numbers, THREADS);
    println!("sorted after: {}", numbers == expected);
}
