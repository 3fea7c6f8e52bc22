//! Unwinding runs destructors and can be caught.

struct Told(&'static str);

impl Drop for Told {
    fn drop(&mut self) {
        println!("{} dropped", self.0);
    }
}

fn main() {
    let caught = std::panic::catch_unwind(|| {
        let _told = Told("inner");
        std::panic::panic_any(7u32);
    });
    println!("{:?}", caught.unwrap_err().downcast_ref::<u32>());
    let joined = std::thread::spawn(|| {
        let _told = Told("thread's");
        panic!("quietly");
    });
    println!("{:?}", joined.join().unwrap_err().downcast_ref::<&str>());
}
