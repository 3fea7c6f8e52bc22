//! A panic names its thread, and the program ends with 101.

fn main() {
    let worker = std::thread::Builder::new().name("worker".into()).spawn(|| panic!("first"));
    println!("{}", worker.unwrap().join().is_err());
    panic!("second");
}
