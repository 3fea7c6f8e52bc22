//! With `panic=abort` nothing is unwound.

struct Never;

impl Drop for Never {
    fn drop(&mut self) {
        println!("unwound");
    }
}

fn main() {
    let _never = Never;
    println!("before");
    panic!("the end");
}
