//! The command `plan9-ld`.

fn main() -> std::process::ExitCode {
    eprintln!("plan9-ld: not built yet; see README.md");
    std::process::ExitCode::FAILURE
}
