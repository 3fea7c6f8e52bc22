//! The choice over what was found, and the whole way over commands that a folder on PATH pretends to be.

use super::choice::{DEBIAN_VERSION as VERSION, Way};
use super::machine::is_of;
use super::*;
use crate::layout::RUST_VERSION;
use std::fs;
use std::path::Path;

fn rust(version: &str, found: &'static str) -> Rust {
    let verbose = format!("rustc {version}\nhost: x\nrelease: {version}\n");
    let place = PathBuf::from(found);
    Rust {
        rustc: place.clone(),
        cargo: place.clone(),
        rustdoc: place.clone(),
        library: place,
        version: version.to_owned(),
        verbose,
        found,
    }
}

fn whole(version: &str, found: &'static str) -> Compiler {
    Compiler::Whole(rust(version, found))
}

/// The version looked for is the one that every way leads to.
fn facts() -> Facts {
    Facts { wanted: VERSION.to_owned(), ..Facts::default() }
}

fn lacking() -> Compiler {
    Compiler::Lacking("it has no source".to_owned())
}

fn toolchain(compiler: Compiler) -> Option<(String, Compiler)> {
    Some(("1.96.0-x".to_owned(), compiler))
}

#[test]
fn the_users_choice_comes_first_in_any_version() {
    let mut facts = Facts {
        named: Some(whole("1.97.0", "named")),
        toolchain: toolchain(whole(VERSION, "rustup")),
        debian: Some(whole(VERSION, "debian")),
        ..facts()
    };
    assert_eq!(choose(&facts), Choice::Use(rust("1.97.0", "named")));
    facts.named = Some(lacking());
    assert_eq!(choose(&facts), Choice::Refuse("it has no source".to_owned()));
    facts.named = None;
    assert_eq!(choose(&facts), Choice::Use(rust(VERSION, "rustup")));
    facts.toolchain = toolchain(lacking());
    assert_eq!(choose(&facts), Choice::Use(rust(VERSION, "debian")));
}

#[test]
fn what_is_installed_follows_from_what_is_there() {
    let ways = |facts: &Facts| match choose(facts) {
        Choice::Install(ways) => ways,
        other => panic!("{other:?}"),
    };
    // Debian's compiler in another version is nobody's choice.
    let mut facts = Facts { debian: Some(whole("1.63.0", "debian")), ..facts() };
    assert_eq!(ways(&facts), []);
    facts.apt = true;
    assert_eq!(ways(&facts), []);
    facts.root = true;
    assert_eq!(ways(&facts), [Way::Apt]);
    facts.rustup = true;
    assert_eq!(ways(&facts), [Way::RustupToolchain(VERSION.to_owned()), Way::Apt]);
    facts.toolchain = toolchain(lacking());
    assert_eq!(ways(&facts), [Way::RustupSource("1.96.0-x".to_owned()), Way::Apt]);
}

#[test]
fn debians_packages_are_for_their_own_version() {
    let debian = Some(whole(VERSION, "debian"));
    let facts = Facts { wanted: "1.97.0".to_owned(), debian, apt: true, root: true, ..facts() };
    assert_eq!(choose(&facts), Choice::Install(vec![]));
    let said = mend(&facts);
    assert!(said.contains("`rustup toolchain install 1.97.0 ") && !said.contains("apt"), "{said}");
    assert!(!said.contains("PLAN9_RUSTC"), "{said}");
    let own = Facts { wanted: RUST_VERSION.to_owned(), ..facts };
    assert!(mend(&own).ends_with(", or set PLAN9_RUSTC to its rustc"));
}

#[test]
fn an_older_version_that_is_there_comes_after_rustup_and_before_apt() {
    let debian = Some(whole(VERSION, "debian"));
    let (wanted, others) = ("1.97.0".to_owned(), vec![VERSION.to_owned()]);
    let none = Facts { wanted, others, apt: true, root: true, ..facts() };
    let rustup = Way::RustupToolchain("1.97.0".to_owned());
    assert_eq!(choose(&none), Choice::Install(vec![Way::Apt]));
    let there = Facts { debian, ..none.clone() };
    assert_eq!(choose(&there), Choice::Use(rust(VERSION, "debian")));
    let facts = Facts { rustup: true, ..there };
    let older = Way::Older(rust(VERSION, "debian"));
    assert_eq!(choose(&facts), Choice::Install(vec![rustup.clone(), older]));
    let facts = Facts { older: vec![whole(VERSION, "rustup")], ..facts };
    let older = Way::Older(rust(VERSION, "rustup"));
    assert_eq!(choose(&facts), Choice::Install(vec![rustup, older]));
    let toolchain = Some(("stable-x".to_owned(), whole("1.97.0", "rustup")));
    assert_eq!(choose(&Facts { toolchain, ..facts }), Choice::Use(rust("1.97.0", "rustup")));
}

#[test]
fn rustups_stable_is_taken_if_it_is_the_wanted_version() {
    let rustup = "case \"$1 $2\" in 'toolchain list') echo 'stable-x (active)';; \
                  'which --toolchain') echo $F/up/bin/rustc;; *) exit 1;; esac";
    let pretended = Pretended::new(&[("rustup", rustup), ("id", "echo 1000")]);
    pretended.compiler("up", VERSION);
    let library = pretended.path("up/lib/rustlib/src/rust/library/std");
    fs::create_dir_all(&library).unwrap();
    fs::write(library.join("Cargo.toml"), "").unwrap();
    let taken = install::find_or_install(&pretended.machine(None)).unwrap();
    assert_eq!((taken.found, taken.version.as_str()), ("rustup", VERSION));
    let other = Machine { wanted: "1.97.0".to_owned(), ..pretended.machine(None) };
    assert!(install::find_or_install(&other).is_err());
    let older = Machine { others: vec![VERSION.to_owned()], ..other };
    assert_eq!(install::find_or_install(&older).unwrap().version, VERSION);
}

#[test]
fn a_nightly_is_known_by_its_toolchains_name() {
    let nightly = whole("1.101.0-nightly", "rustup");
    let toolchain = Some(("nightly-2026-10-30-x".to_owned(), nightly));
    let facts = Facts { wanted: "nightly-2026-10-30".to_owned(), toolchain, ..facts() };
    assert_eq!(choose(&facts), Choice::Use(rust("1.101.0-nightly", "rustup")));
    assert!(is_of("nightly-2026-10-30-x86_64-unknown-linux-gnu", "nightly-2026-10-30"));
    assert!(!is_of("nightly-2026-10-30-x86_64-unknown-linux-gnu", "nightly"));
    assert!(is_of("nightly-x86_64-unknown-linux-gnu (default)", "nightly"));
    assert!(!is_of("1.99.10-x", "1.99.1"));
}

#[test]
fn a_version_that_is_named_is_looked_for_and_nothing_else() {
    let layout = Layout::new(PathBuf::new(), PathBuf::new());
    let layout = layout.with_rust(Some("1.99.1".to_owned()));
    let machine = Machine::this(&layout);
    assert_eq!((machine.wanted.as_str(), machine.named), ("1.99.1", None));
}

#[test]
fn the_mend_is_one_sentence_that_fits_the_machine() {
    let nothing = mend(&facts());
    assert!(nothing.contains("`rustup toolchain install 1.96.0"), "{nothing}");
    assert!(nothing.contains("Debian 12's packages rustc-web"), "{nothing}");
    let facts = Facts { apt: true, toolchain: toolchain(lacking()), ..facts() };
    let said = mend(&facts);
    assert!(said.contains("`rustup component add rust-src --toolchain 1.96.0-x`"), "{said}");
    assert!(said.contains("as root `apt-get install rustc-web cargo-web rust-web-src`"), "{said}");
    assert_eq!(said.lines().count(), 1);
}

/// A machine whose commands are shell scripts in a folder; each writes its words into `log`.
struct Pretended {
    folder: tempfile::TempDir,
}

impl Pretended {
    fn new(commands: &[(&str, &str)]) -> Self {
        let pretended = Self { folder: tempfile::tempdir().unwrap() };
        for (name, script) in commands {
            pretended.put(&format!("bin/{name}"), script);
        }
        pretended
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, script: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let folder = self.folder.path().display();
        let log = format!("echo \"${{0##*/}} $*\" >>{folder}/log");
        let text = format!("#!/bin/sh\nF={folder}\n{log}\n{script}\n");
        // Written by another process: a file that one of our threads still holds open cannot be executed.
        let write = ["-c", "printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""];
        let status = Command::new("sh").args(write).arg(&file).arg(text).status().unwrap();
        assert!(status.success());
    }

    /// A compiler under `folder` of a version, with cargo and rustdoc beside it.
    fn compiler(&self, folder: &str, version: &str) {
        let root = self.path(folder);
        let script = format!(
            "case $1 in -vV) printf 'rustc\\nhost: x\\nrelease: {version}\\n';; --print) echo {};; esac",
            root.display()
        );
        for (name, script) in [("rustc", script.as_str()), ("cargo", ""), ("rustdoc", "")] {
            self.put(&format!("{folder}/bin/{name}"), script);
        }
    }

    fn machine(&self, named: Option<&str>) -> Machine {
        Machine {
            wanted: VERSION.to_owned(),
            others: Vec::new(),
            path: self.path("bin").into(),
            named: named.map(|name| self.path(name)),
            debian: self.path("usr/bin/rustc"),
            debian_source: self.path("usr/src/rustc-"),
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

const SOURCE: &str = "/bin/mkdir -p $D/library/std && >$D/library/std/Cargo.toml";

#[test]
fn rustup_adds_what_its_toolchain_lacks() {
    let add = format!(
        "case \"$1 $2\" in 'toolchain list') echo 1.96.0-x;; 'which --toolchain') echo $F/up/bin/rustc;; \
         'component add') D=$F/up/lib/rustlib/src/rust; {SOURCE};; *) exit 1;; esac"
    );
    let pretended = Pretended::new(&[("rustup", &add), ("id", "echo 1000")]);
    pretended.compiler("up", VERSION);
    let rust = install::find_or_install(&pretended.machine(None)).unwrap();
    assert_eq!((rust.found, rust.version.as_str()), ("rustup", VERSION));
    assert_eq!(rust.cargo, pretended.path("up/bin/cargo"));
    let log = pretended.log();
    assert!(log.contains("rustup component add rust-src --toolchain 1.96.0-x\n"), "{log}");
    assert!(!log.contains("install"), "{log}");
}

#[test]
fn rustups_other_toolchains_are_left_and_ours_is_installed() {
    let install = format!(
        "case \"$1 $2\" in 'toolchain list') echo stable-x; [ -e $F/up/done ] && echo 1.96.0-x;; \
         'which --toolchain') [ $3 = stable-x ] && echo $F/old/bin/rustc || echo $F/up/bin/rustc;; \
         'toolchain install') D=$F/up/lib/rustlib/src/rust; {SOURCE}; >$F/up/done;; *) exit 1;; esac; exit 0"
    );
    let pretended = Pretended::new(&[("rustup", &install)]);
    pretended.compiler("old", "1.63.0");
    pretended.compiler("up", VERSION);
    assert_eq!(install::find_or_install(&pretended.machine(None)).unwrap().found, "rustup");
    let log = pretended.log();
    assert!(
        log.contains(
            "toolchain install 1.96.0 --profile minimal --component rust-src,clippy,rustfmt\n"
        ),
        "{log}"
    );
}

#[test]
fn root_on_debian_installs_its_packages_where_rustup_cannot() {
    let apt = format!("[ $1 = update ] || {{ D=$F/usr/src/rustc-1.96.0; {SOURCE}; }}");
    let rustup = "[ $1 = toolchain ] && [ $2 = list ]";
    let pretended = Pretended::new(&[("rustup", rustup), ("apt-get", &apt), ("id", "echo 0")]);
    pretended.compiler("usr", VERSION);
    let rust = install::find_or_install(&pretended.machine(None)).unwrap();
    assert_eq!(rust.found, "Debian's packages");
    let log = pretended.log();
    let tried = log.find("rustup toolchain install").unwrap();
    let update = log.find("apt-get update").unwrap();
    let install = log.find("apt-get install --yes --no-install-recommends rustc-web").unwrap();
    assert!(tried < update && update < install, "{log}");
}

#[test]
fn nobody_installs_without_a_way() {
    let pretended = Pretended::new(&[("apt-get", ""), ("id", "echo 1000")]);
    let error = install::find_or_install(&pretended.machine(None)).unwrap_err().to_string();
    assert!(error.contains("as root `apt-get install rustc-web"), "{error}");
    assert!(!pretended.log().contains("apt-get"), "{}", pretended.log());
}

#[test]
fn a_named_compiler_that_will_not_do_is_named_with_its_mend() {
    let pretended = Pretended::new(&[("id", "echo 0"), ("apt-get", "")]);
    let refused = |name: &str| {
        install::find_or_install(&pretended.machine(Some(name))).unwrap_err().to_string()
    };
    let error = refused("none");
    assert!(error.starts_with("PLAN9_RUSTC gives ") && error.contains("no compiler"), "{error}");
    pretended.compiler("own", "1.97.0");
    let error = refused("own/bin/rustc");
    assert!(error.contains("1.97.0 has no library source; `rustup component add"), "{error}");
    let library = pretended.path("own/lib/rustlib/src/rust/library/std");
    fs::create_dir_all(&library).unwrap();
    fs::write(library.join("Cargo.toml"), "").unwrap();
    let rust = install::find_or_install(&pretended.machine(Some("own/bin/rustc"))).unwrap();
    assert_eq!((rust.version.as_str(), rust.found), ("1.97.0", "PLAN9_RUSTC"));
    assert!(!pretended.log().contains("apt-get"), "{}", pretended.log());
}

#[test]
fn a_command_that_fails_says_what_it_said() {
    let mut command = Command::new("sh");
    let error = output(command.args(["-c", "echo no luck >&2; exit 3"])).unwrap_err().to_string();
    assert_eq!(error, "sh failed: no luck");
    let this = Machine::this(&Layout::new(PathBuf::new(), PathBuf::new()));
    assert!(this.find("sh").is_some_and(|sh| sh.starts_with(Path::new("/"))));
}
