//! `rustc`, `rustdoc`, `cargo`, `cargo-clippy` and `clippy-driver` of the plan9 toolchain directory.
//!
//! A stable compiler knows our target only by a file and under an unstable flag. So the toolchain directory has this
//! program in the compiler's place: a compilation for our target gets its file for its name, the sysroot, the flag and the
//! linker; every other one, build scripts and proc macros among them, goes to the real compiler as it came. (By a name,
//! 1.96 would find the file itself, but rustdoc looks for the suffix of programs among the built-in targets alone.) `-vV` also tells the sysroot's
//! hash, so that cargo builds users' crates anew when std has changed. Asked for its sysroot alone, as editors ask, it
//! names the toolchain directory, whose library source knows the target. As `cargo` it is the real one with this compiler,
//! with the machine as what runs programs, and with the C compiler that `x build` found for crates that bring C, unless the
//! user has set others.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TRIPLE: &str = "x86_64-unknown-plan9";
/// Where cargo is told what to run in the compiler's place.
const WORKSPACE_WRAPPER: &str = "RUSTC_WORKSPACE_WRAPPER";
/// Opens the unstable flags of a stable compiler.
const BOOTSTRAP: &str = "RUSTC_BOOTSTRAP";

/// `lib/plan9.toml`, as `x build` writes it.
#[derive(Deserialize)]
struct Record {
    rustc: PathBuf,
    rustdoc: PathBuf,
    cargo: PathBuf,
    /// Where the compiler beneath has it.
    clippy_driver: Option<PathBuf>,
    sysroot_hash: String,
    c: Option<C>,
}

impl Record {
    fn clippy_driver(&self) -> Result<&PathBuf> {
        self.clippy_driver.as_ref().context(
            "the compiler beneath has no clippy; add it (`rustup component add clippy`) and run `./x build`",
        )
    }
}

/// For the crate `cc`.
#[derive(Deserialize)]
struct C {
    compiler: PathBuf,
    flags: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("plan9 toolchain: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let own = env::current_exe().context("this program's own path cannot be found")?;
    let toolchain = own.parent().and_then(Path::parent).context("no toolchain directory")?;
    let place = toolchain.join("lib/plan9.toml");
    let text = fs::read_to_string(&place).with_context(|| {
        format!("{} cannot be read; run `./x build` to make it", place.display())
    })?;
    let record: Record = toml::from_str(&text)
        .with_context(|| format!("{} is damaged; run `./x build`", place.display()))?;
    let name = own.file_name().and_then(|name| name.to_str());
    let real = match name {
        Some("rustdoc") => &record.rustdoc,
        Some("cargo") => &record.cargo,
        Some("clippy-driver") => record.clippy_driver()?,
        Some("cargo-clippy") => &record.clippy_driver()?.with_file_name("cargo-clippy"),
        _ => &record.rustc,
    };
    let mut args: Vec<OsString> = env::args_os().skip(1).collect();
    let mut command = Command::new(real);
    if name == Some("cargo") {
        let mut settings = settings(&record, toolchain);
        settings.extend(libraries(&record.rustc).map(|folder| ("LD_LIBRARY_PATH".into(), folder)));
        let unset = settings.into_iter().filter(|(name, _)| env::var_os(name).is_none());
        command.envs(unset).env("PATH", search_path(toolchain, env::var_os("PATH")));
        if env::var_os(runner_variable()).is_none() {
            command.args(["--config".into(), runner(toolchain)]);
        }
        // Clippy's command names the driver that lies beside itself.
        let wrapper = env::var_os(WORKSPACE_WRAPPER).map(PathBuf::from);
        if wrapper.is_some() && wrapper == record.clippy_driver {
            command.env(WORKSPACE_WRAPPER, toolchain.join("bin/clippy-driver"));
        }
        command.args(&args);
        return Err(command.exec()).with_context(|| failure(real));
    }
    if name == Some("cargo-clippy") {
        command.env("CARGO", toolchain.join("bin/cargo")).args(&args);
        return Err(command.exec()).with_context(|| failure(real));
    }
    if is_for_us(&args) {
        command.env(BOOTSTRAP, "1");
        // Clippy's driver is given the compiler that it stands for, first.
        let (wrapped, rest) = args.split_at(usize::from(name == Some("clippy-driver")));
        command.args(wrapped).args(additions(rest, toolchain));
        args = rest.to_vec();
    }
    if asks_for_sysroot(&args) {
        command.arg("--sysroot").arg(toolchain);
    }
    command.args(with_file(&args, toolchain));
    if args.iter().any(|arg| arg == "-vV") {
        let output = command.output().with_context(|| failure(real))?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        println!("plan9-sysroot: {}", record.sysroot_hash);
        return Ok(ExitCode::from(output.status.code().unwrap_or(1) as u8));
    }
    Err(command.exec()).with_context(|| failure(real))
}

/// The folder of the compiler's libraries, as rustup tells its cargo: rustc-dev puts a copy of the compiler where build
/// scripts load from, and that copy finds no LLVM.
fn libraries(rustc: &Path) -> Option<OsString> {
    let folder = rustc.parent()?.parent()?.join("lib");
    let mut names = folder.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
    let has = names.any(|name| name.to_string_lossy().starts_with("librustc_driver"));
    has.then(|| folder.into())
}

/// What cargo gets where the user has not set it.
fn settings(record: &Record, toolchain: &Path) -> Vec<(String, OsString)> {
    let mut settings = vec![
        ("RUSTC".to_owned(), toolchain.join("bin/rustc").into()),
        ("RUSTDOC".to_owned(), toolchain.join("bin/rustdoc").into()),
    ];
    let rustfmt = toolchain.join("bin/rustfmt");
    if rustfmt.is_file() {
        settings.push(("RUSTFMT".to_owned(), rustfmt.into()));
    }
    if let Some(c) = &record.c {
        let target = TRIPLE.replace('-', "_");
        settings.push((format!("CC_{target}"), c.compiler.clone().into()));
        settings.push((format!("CFLAGS_{target}"), c_flags(&c.flags, toolchain).into()));
    }
    settings
}

/// The C compiler's flags, with the folder of the headers that it may lack, before its own. Flags are split at white
/// space, so a folder with any could not be named.
fn c_flags(flags: &str, toolchain: &Path) -> String {
    match toolchain.join("lib/rustlib").join(TRIPLE).join("include").to_str() {
        Some(folder) if !folder.contains(char::is_whitespace) => {
            format!("-isystem {folder} {flags}")
        }
        _ => flags.to_owned(),
    }
}

/// Where cargo looks for its commands, clippy and fmt among them: those of this toolchain come first.
fn search_path(toolchain: &Path, path: Option<OsString>) -> OsString {
    let mut folders = vec![toolchain.join("bin")];
    folders.extend(path.iter().flat_map(|path| env::split_paths(path)));
    // A folder whose name cannot stand in the list is left out of it.
    env::join_paths(folders).unwrap_or_else(|_| path.unwrap_or_default())
}

/// Where a user says what runs our target's programs.
fn runner_variable() -> String {
    format!("CARGO_TARGET_{}_RUNNER", TRIPLE.to_uppercase().replace('-', "_"))
}

/// The machine, as a setting: in a variable, cargo would split its path at spaces.
fn runner(toolchain: &Path) -> OsString {
    let machine = toolchain.join("bin/plan9-run");
    let words = toml::Value::from(vec![machine.to_string_lossy().into_owned()]);
    format!("target.{TRIPLE}.runner={words}").into()
}

fn failure(real: &Path) -> String {
    format!("{} cannot be started; run `./x build` to find the compiler again", real.display())
}

fn is_for_us(args: &[OsString]) -> bool {
    let names_us = |arg: &OsString| {
        let Some(arg) = arg.to_str() else { return false };
        let target = arg.strip_prefix("--target=").unwrap_or(arg);
        target == TRIPLE
            || (Path::new(target).file_stem().is_some_and(|stem| stem == TRIPLE)
                && target.ends_with(".json"))
    };
    args.iter().any(names_us)
}

/// Whether the sysroot is asked for and nothing else: cargo asks for more at once, about the host's own.
fn asks_for_sysroot(args: &[OsString]) -> bool {
    args == ["--print", "sysroot"] || args == ["--print=sysroot"]
}

/// The arguments, with our target's file where they name it.
fn with_file(args: &[OsString], toolchain: &Path) -> Vec<OsString> {
    let file = toolchain.join("lib/rustlib").join(TRIPLE).join(TRIPLE).with_extension("json");
    let mut behind = false;
    let by_file = |arg: &OsString| {
        let named = arg == TRIPLE && behind;
        behind = arg == "--target";
        match arg.to_str().and_then(|arg| arg.strip_prefix("--target=")) {
            Some(name) if name == TRIPLE => {
                let mut joined = OsString::from("--target=");
                joined.push(&file);
                joined
            }
            _ if named => file.clone().into(),
            _ => arg.clone(),
        }
    };
    args.iter().map(by_file).collect()
}

/// What a compilation for our target gets in front of its own arguments.
fn additions(args: &[OsString], toolchain: &Path) -> Vec<OsString> {
    let given =
        |text: &str| args.iter().any(|arg| arg.to_str().is_some_and(|arg| arg.starts_with(text)));
    let mut added: Vec<OsString> = vec!["-Zunstable-options".into()];
    if !given("--sysroot") {
        added.extend(["--sysroot".into(), toolchain.as_os_str().to_owned()]);
    }
    if !given("-Clinker=") && !given("linker=") {
        let mut linker = OsString::from("-Clinker=");
        linker.push(toolchain.join("bin/plan9-ld"));
        added.push(linker);
    }
    added
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(args: &[&str]) -> Vec<OsString> {
        args.iter().map(OsString::from).collect()
    }

    #[test]
    fn other_targets_are_left_alone() {
        assert!(is_for_us(&os(&["a.rs", "--target", TRIPLE])));
        assert!(is_for_us(&os(&["--target=x86_64-unknown-plan9"])));
        assert!(is_for_us(&os(&["a.rs", "--target", "/t/x86_64-unknown-plan9.json"])));
        assert!(!is_for_us(&os(&["a.rs", "--extern", "a=/t/x86_64-unknown-plan9/a.json"])));
        assert!(!is_for_us(&os(&["a.rs", "--target", "x86_64-unknown-linux-gnu"])));
        assert!(!is_for_us(&os(&["a.rs"])));
    }

    #[test]
    fn the_sysroot_is_ours_for_who_asks_for_nothing_else() {
        assert!(asks_for_sysroot(&os(&["--print", "sysroot"])));
        assert!(asks_for_sysroot(&os(&["--print=sysroot"])));
        assert!(!asks_for_sysroot(&os(&["-", "--print=file-names", "--print=sysroot"])));
    }

    #[test]
    fn our_target_is_given_by_its_file() {
        let file = "/t/lib/rustlib/x86_64-unknown-plan9/x86_64-unknown-plan9.json";
        let args =
            os(&["--target", TRIPLE, TRIPLE, "--target=x86_64-unknown-plan9", "--target", "a"]);
        let joined = format!("--target={file}");
        assert_eq!(
            with_file(&args, Path::new("/t")),
            os(&["--target", file, TRIPLE, &joined, "--target", "a"])
        );
    }

    #[test]
    fn cargo_gets_the_c_compiler_where_there_is_one() {
        let record = |c| Record {
            rustc: "r".into(),
            rustdoc: "d".into(),
            cargo: "c".into(),
            clippy_driver: None,
            sysroot_hash: String::new(),
            c,
        };
        let set = settings(&record(None), Path::new("/t"));
        assert_eq!(set[0], ("RUSTC".to_owned(), "/t/bin/rustc".into()));
        assert_eq!(set.len(), 2);
        let c = C { compiler: "/bin/gcc".into(), flags: "-f".into() };
        let set = settings(&record(Some(c)), Path::new("/t"));
        assert_eq!(set[2], ("CC_x86_64_unknown_plan9".to_owned(), "/bin/gcc".into()));
        let flags = "-isystem /t/lib/rustlib/x86_64-unknown-plan9/include -f";
        assert_eq!(set[3], ("CFLAGS_x86_64_unknown_plan9".to_owned(), flags.into()));
        assert_eq!(c_flags("-f", Path::new("/a toolchain")), "-f");
    }

    #[test]
    fn the_toolchains_own_commands_are_found_first() {
        let found = search_path(Path::new("/t"), Some("/usr/bin:/bin".into()));
        assert_eq!(found, "/t/bin:/usr/bin:/bin");
        assert_eq!(search_path(Path::new("/t"), None), "/t/bin");
        assert_eq!(search_path(Path::new("/a:b"), Some("/bin".into())), "/bin");
    }

    #[test]
    fn programs_run_in_the_machine() {
        let setting = r#"target.x86_64-unknown-plan9.runner=["/a b/bin/plan9-run"]"#;
        assert_eq!(runner(Path::new("/a b")), setting);
        assert_eq!(runner_variable(), "CARGO_TARGET_X86_64_UNKNOWN_PLAN9_RUNNER");
    }

    #[test]
    fn a_sysroot_or_linker_that_was_given_stays() {
        let toolchain = Path::new("/t");
        assert_eq!(
            additions(&os(&["a.rs"]), toolchain),
            os(&["-Zunstable-options", "--sysroot", "/t", "-Clinker=/t/bin/plan9-ld"])
        );
        let own = os(&["--sysroot=/s", "-Clinker=/l"]);
        assert_eq!(additions(&own, toolchain), os(&["-Zunstable-options"]));
    }
}
