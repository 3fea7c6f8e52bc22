//! A fault ends the program with the kernel's text, and names the thread.

fn main() {
    println!("before");
    // SAFETY: none: the fault is what is tested.
    unsafe { std::ptr::without_provenance_mut::<u8>(16).write_volatile(1) };
}
