//! A thread ends the program with a status of its own, while main waits.

fn main() {
    println!("main waits");
    let thread = std::thread::spawn(|| std::process::exit(42));
    let _ = thread.join();
    println!("never printed");
}
