//! The command `rustc-shim`.

fn main() -> std::process::ExitCode {
    eprintln!("rustc-shim: not built yet; see README.md");
    std::process::ExitCode::FAILURE
}
