//! The command `plan9-run`.

fn main() -> std::process::ExitCode {
    plan9_run::cli::main()
}
