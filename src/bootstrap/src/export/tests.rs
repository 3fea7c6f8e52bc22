//! A small rust-lang/rust and a small fork, through git.

use super::check::repository;
use super::git::git;
use super::*;
use std::path::PathBuf;

const UPSTREAM: &[(&str, &str)] = &[
    ("src/version", RUST_VERSION),
    ("library/std/Cargo.toml", "[package]\nname = 'std'\n"),
    ("library/std/src/sys/alloc/mod.rs", "cfg_select! {\n    unix => {}\n}\n// tests\n"),
    ("library/std/src/sys/fs/mod.rs", "cfg_select! {\n    unix => {}\n}\n"),
    ("library/backtrace/src/lib.rs", "mod a;\n"),
    ("compiler/rustc_target/src/spec/mod.rs", "    (\"a\", a),\n"),
    ("compiler/rustc_target/src/spec/targets/a.rs", "\n"),
];

const HOOKS: &str = "
[[hook]]
file = 'std/src/sys/alloc/mod.rs'
cfg_select = 1
lines = '    plan9 => {}'
why = 'w'
[[hook]]
file = 'std/src/sys/alloc/mod.rs'
after = '// tests'
lines = '// ours'
why = 'w'
tests_only = true
[[hook]]
file = 'std/src/sys/fs/mod.rs'
cfg_select = 1
lines = '    plan9 => {}'
why = 'w'
[[hook]]
file = 'backtrace/src/lib.rs'
after = 'mod a;'
lines = 'mod plan9;'
why = 'w'
";

const FORK: &[(&str, &str)] = &[
    ("library/hooks/all.toml", HOOKS),
    ("library/std/src/sys/alloc/plan9.rs", "// heap\n"),
    ("library/backtrace/src/plan9.rs", "// names\n"),
    (
        "targets/upstream/hooks.toml",
        "[[hook]]\nfile = 'compiler/rustc_target/src/spec/mod.rs'\nafter = '(\"a\", a),'\nlines = '    (\"p\", p),'\nwhy = 'w'\n",
    ),
    ("targets/upstream/compiler/rustc_target/src/spec/targets/p.rs", "// target\n"),
    ("src/doc/platform-support/plan9.md", "# plan9\n"),
];

struct Trees {
    dir: tempfile::TempDir,
}

impl Trees {
    fn new() -> Self {
        let trees = Self { dir: tempfile::tempdir().unwrap() };
        for (root, files) in [("up", UPSTREAM), ("fork", FORK)] {
            for (file, text) in files {
                trees.put(&format!("{root}/{file}"), text);
            }
        }
        trees
    }

    /// With upstream's files committed.
    fn committed() -> Self {
        let trees = Self::new();
        repository(&trees.up()).unwrap();
        trees
    }

    /// With a submodule of upstream's committed, and checked out.
    fn with_a_submodule() -> Self {
        let trees = Self::new();
        fs::rename(trees.up().join("library/backtrace"), trees.path("backtrace")).unwrap();
        repository(&trees.path("backtrace")).unwrap();
        repository(&trees.up()).unwrap();
        let inner = trees.path("backtrace").display().to_string();
        let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &inner];
        trees.git(&[&add[..], &["library/backtrace"]].concat());
        trees.git(&["commit", "--quiet", "--message", "submodule"]);
        trees
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn up(&self) -> PathBuf {
        self.path("up")
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn layout(&self) -> Layout {
        Layout::new(self.path("fork"), PathBuf::new())
    }

    fn export(&self) -> Result<Exported> {
        into(&self.layout(), &self.up())
    }

    /// The error, after seeing that nothing changed.
    fn refused(&self) -> String {
        let state = |dir: &Path| {
            ["status --porcelain", "rev-parse HEAD", "branch --list", "symbolic-ref HEAD"]
                .map(|args| git(dir, &args.split(' ').collect::<Vec<_>>()).unwrap_or_default())
        };
        let before = state(&self.up());
        let error = format!("{:#}", self.export().unwrap_err());
        assert_eq!(state(&self.up()), before, "{error}");
        let is_list = error.contains("of our changes do not fit");
        assert!(is_list || error.lines().count() == 1, "{error}");
        error
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.up(), args).unwrap()
    }
}

#[test]
fn every_commit_holds_its_part_and_the_last_the_whole() {
    let trees = Trees::committed();
    let exported = trees.export().unwrap();
    let subjects = trees.git(&["log", "--reverse", "--format=%s"]);
    let subjects: Vec<&str> = subjects.lines().collect();
    assert_eq!(subjects[0], "pristine");
    let written: Vec<&str> = exported.commits.iter().map(|(subject, _)| *subject).collect();
    assert_eq!(subjects[1..], written);
    assert_eq!(written.len(), 5, "{written:?}");
    assert_eq!(trees.git(&["status", "--porcelain"]), "");
    assert_eq!(trees.git(&["symbolic-ref", "--short", "HEAD"]), "plan9");
    let file = "library/std/src/sys/alloc/mod.rs";
    let hooked = "cfg_select! {\n    plan9 => {}\n    unix => {}\n}\n// tests";
    assert_eq!(trees.git(&["show", &format!("HEAD:{file}")]), format!("{hooked}\n// ours"));
    assert_eq!(trees.git(&["show", &format!("HEAD~1:{file}")]), hooked);
    let spec =
        fs::read_to_string(trees.up().join("compiler/rustc_target/src/spec/mod.rs")).unwrap();
    assert_eq!(spec, "    (\"a\", a),\n    (\"p\", p),\n");
    // The book of rustc is not in this checkout.
    assert_eq!(exported.lacking, ["src/doc/rustc/src/platform-support/plan9.md"]);
}

#[test]
fn a_checkout_with_the_library_alone_gets_the_library() {
    let trees = Trees::new();
    fs::remove_dir_all(trees.up().join("compiler")).unwrap();
    fs::remove_dir_all(trees.up().join("src")).unwrap();
    repository(&trees.up()).unwrap();
    let exported = trees.export().unwrap();
    assert_eq!(exported.commits.len(), 4);
    assert_eq!(exported.lacking.len(), 3, "{:?}", exported.lacking);
}

#[test]
fn a_submodule_gets_a_commit_of_its_own_that_ours_points_to() {
    let trees = Trees::with_a_submodule();
    let exported = trees.export().unwrap();
    assert_eq!(exported.submodules, ["library/backtrace"]);
    assert_eq!(trees.git(&["status", "--porcelain"]), "");
    let backtrace = trees.up().join("library/backtrace");
    assert_eq!(fs::read_to_string(backtrace.join("src/lib.rs")).unwrap(), "mod a;\nmod plan9;\n");
    let pointed = trees.git(&["rev-parse", "HEAD:library/backtrace"]);
    assert_eq!(git(&backtrace, &["rev-parse", "plan9"]).unwrap(), pointed);
}

#[test]
fn a_submodule_that_is_not_there_is_named() {
    let trees = Trees::with_a_submodule();
    trees.git(&["submodule", "--quiet", "deinit", "--force", "library/backtrace"]);
    let error = trees.refused();
    assert!(error.contains("git submodule update --init"), "{error}");
}

#[test]
fn what_is_no_pristine_checkout_is_refused_and_left_as_it_was() {
    let trees = Trees::new();
    assert!(format!("{:#}", trees.export().unwrap_err()).contains("no git checkout"));
    git(&trees.up(), &["init", "--quiet"]).unwrap();
    assert!(trees.refused().contains("has no commit"));
    repository(&trees.up()).unwrap();

    trees.put("up/library/std/new.rs", "");
    assert!(trees.refused().contains("library/std/new.rs); commit or stash them"));
    fs::remove_file(trees.up().join("library/std/new.rs")).unwrap();

    let deeper = into(&trees.layout(), &trees.up().join("library")).unwrap_err().to_string();
    assert!(deeper.contains("top folder"), "{deeper}");

    trees.git(&["branch", "plan9"]);
    assert!(trees.refused().contains("has a branch plan9 already"));
}

#[test]
fn another_version_or_a_hook_that_does_not_fit_is_refused() {
    let trees = Trees::new();
    trees.put("up/src/version", "1.97.0\n");
    repository(&trees.up()).unwrap();
    assert!(trees.refused().contains(&format!("is Rust 1.97.0, and the fork fits {RUST_VERSION}")));

    let trees = Trees::new();
    trees.put("up/library/std/src/sys/fs/mod.rs", "\n");
    repository(&trees.up()).unwrap();
    assert!(trees.refused().contains("sys/fs/mod.rs (hook in"));

    let trees = Trees::new();
    trees.put("up/compiler/rustc_target/src/spec/mod.rs", "\n");
    repository(&trees.up()).unwrap();
    assert!(trees.refused().contains("spec/mod.rs (hook in"));
}

#[test]
fn a_tree_that_was_exported_to_is_not_pristine() {
    let trees = Trees::committed();
    trees.export().unwrap();
    trees.git(&["branch", "--quiet", "-m", "plan9", "other"]);
    assert!(trees.refused().contains("already"));
}

#[test]
fn an_ignored_file_in_the_way_of_ours_is_kept() {
    let trees = Trees::new();
    trees.put("up/.gitignore", "plan9.rs\n");
    repository(&trees.up()).unwrap();
    trees.put("up/library/std/src/sys/alloc/plan9.rs", "// the user's\n");
    let error = trees.refused();
    assert!(error.contains("alloc/plan9.rs"), "{error}");
    let kept = fs::read_to_string(trees.up().join("library/std/src/sys/alloc/plan9.rs")).unwrap();
    assert_eq!(kept, "// the user's\n");
}

/// The two descriptions of the target: rustc's own form must say what the file says that is tested here.
#[test]
fn the_targets_source_for_upstream_says_what_its_json_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../targets");
    let json = fs::read_to_string(root.join("x86_64-unknown-plan9.json")).unwrap();
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    let source =
        root.join("upstream/compiler/rustc_target/src/spec/targets/x86_64_unknown_plan9.rs");
    let source = fs::read_to_string(source).unwrap();
    let mut rest: String = source.split("fn target()").nth(1).unwrap().split_whitespace().collect();
    for (key, value) in &json {
        for line in in_source(key, value) {
            let line: String = line.split_whitespace().collect();
            assert_eq!(
                rest.matches(&line).count(),
                1,
                "{key} is {value}, so `{line}` once in {rest}"
            );
            rest = rest.replacen(&line, "", 1);
        }
    }
    let extra: Vec<&str> = rest
        .split([',', '{', '}'])
        .filter(|field| field.contains(':') && !field.contains("::default()"))
        .filter(|field| !field.starts_with("metadata:") && !field.starts_with("options:"))
        .collect();
    assert_eq!(extra, [""; 0], "these stand in the source alone");
}

/// What the source says for one key of the JSON.
fn in_source(key: &str, value: &serde_json::Value) -> Vec<String> {
    let text = || value.as_str().unwrap().to_owned();
    let field = key.replace('-', "_");
    match key {
        "metadata" => vec![
            format!("description: Some({}.into()),", value["description"]),
            format!("tier: Some({}),", value["tier"]),
            format!("host_tools: Some({}),", value["host_tools"]),
            format!("std: Some({}),", value["std"]),
        ],
        "arch" => vec![format!("arch: Arch::{},", text().to_uppercase())],
        "os" => vec!["os: Os::Plan9,".to_owned()],
        "linker" => vec![format!("linker: Some({value}.into()),")],
        "linker-flavor" => vec!["linker_flavor: LinkerFlavor::Gnu(Cc::No, Lld::No),".to_owned()],
        "relocation-model" => vec![format!("{field}: RelocModel::{},", capital(&text()))],
        "code-model" => vec![format!("{field}: Some(CodeModel::{}),", capital(&text()))],
        "tls-model" => vec![format!("{field}: TlsModel::{},", capital(&text()))],
        "frame-pointer" => vec![format!("{field}: FramePointer::{},", capital(&text()))],
        "panic-strategy" => vec![format!("{field}: PanicStrategy::{},", capital(&text()))],
        "stack-probes" => {
            let kind = capital(value["kind"].as_str().unwrap());
            vec![format!("{field}: StackProbeType::{kind},")]
        }
        "max-atomic-width" => vec![format!("{field}: Some({value}),")],
        "target-pointer-width" => vec![format!("pointer_width: {value},")],
        _ if value.is_string() => vec![format!("{field}: {value}.into(),")],
        _ => vec![format!("{field}: {value},")],
    }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}
