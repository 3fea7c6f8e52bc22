//! Whatever the profile, panics unwind to whoever catches them, and names are there unless they were stripped.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic;

static TABLE: [&str; 3] = ["a", "b", "c"];
static mut ZEROS: [u8; 100_000] = [0; 100_000];

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(7) };
}

struct Dropped<'a>(&'a Cell<u32>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[inline(never)]
fn a_named_function(depth: u32, dropped: &Cell<u32>) -> String {
    let _dropped = Dropped(dropped);
    match depth {
        0 => Backtrace::force_capture().to_string(),
        1 => panic::resume_unwind(Box::new("bottom")),
        _ => a_named_function(depth - 1, dropped) + TABLE[depth as usize % 3],
    }
}

fn main() {
    let dropped = Cell::new(0);
    let named = a_named_function(0, &dropped).contains("a_named_function");
    let caught = panic::catch_unwind(panic::AssertUnwindSafe(|| a_named_function(5, &dropped)));
    let what = caught.unwrap_err().downcast_ref::<&str>().copied();
    let elsewhere = std::thread::spawn(|| COUNT.get()).join().unwrap();
    // SAFETY: no other thread looks at it.
    let zero = unsafe { (&raw const ZEROS[99_999]).read_volatile() };
    println!("named {named}, caught {what:?}, dropped {}, {elsewhere}, {zero}", dropped.get());
}
