//! Names in a backtrace come from the executable's own symbol table.

#[inline(never)]
fn inner() -> String {
    std::backtrace::Backtrace::force_capture().to_string()
}

#[inline(never)]
fn outer() -> String {
    std::hint::black_box(inner())
}

fn main() {
    let text = std::hint::black_box(outer());
    println!("{} {}", text.contains("backtrace::inner"), text.contains("backtrace::outer"));
}
