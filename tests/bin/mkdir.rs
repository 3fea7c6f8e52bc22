//! What `mkdir` does on Plan 9 without its flags: tests of std's run it, and the embedded machine has no programs.

fn main() {
    let mut failed = false;
    for directory in std::env::args_os().skip(1) {
        if let Err(why) = std::fs::create_dir(&directory) {
            eprintln!("mkdir: can't create {}: {why}", directory.display());
            failed = true;
        }
    }
    if failed {
        std::os::plan9::process::exits("error");
    }
}
