//! Arguments, standard output, a clean end.

fn main() {
    println!("hello from Plan 9");
    println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>());
    println!("{} {:?}", std::env::consts::OS, std::env::var("objtype"));
}
