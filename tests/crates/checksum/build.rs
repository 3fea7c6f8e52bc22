//! The C part, by the crate `cc` as any crate would do it: compiler and flags come from the environment.

fn main() {
    cc::Build::new().file("src/checksum.c").compile("checksum");
    println!("cargo::rerun-if-changed=src/checksum.c");
}
