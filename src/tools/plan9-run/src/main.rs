//! The command `plan9-run`.

fn main() -> std::process::ExitCode {
    eprintln!("plan9-run: the embedded machine is not built yet; see README.md");
    std::process::ExitCode::FAILURE
}
