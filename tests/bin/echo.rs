//! What `echo` does on Plan 9 without its flag: tests of std's run it, and the embedded machine has no programs.

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", words.join(" "));
}
