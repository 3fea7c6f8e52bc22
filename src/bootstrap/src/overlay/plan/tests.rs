//! A small upstream and a small fork, through the plan and onto the disk.

use super::*;
use crate::overlay::write;
use std::fs;
use std::time::{Duration, SystemTime};

const UPSTREAM: &[(&str, &str)] = &[
    ("Cargo.toml", "[workspace]\nmembers = ['std', 'coretests', 'alloctests']\n"),
    ("std/Cargo.toml", "[package]\nname = 'std'\n[dev-dependencies]\nrand = '0.9'\n"),
    ("std/src/sys/alloc/mod.rs", "cfg_select! {\n    unix => {}\n}\n"),
    (
        "compiler-builtins/compiler-builtins/Cargo.toml",
        "[build-dependencies]\ncc = '1'\n[features]\nc = ['dep:cc']\n",
    ),
    ("profiler_builtins/Cargo.toml", "[build-dependencies]\ncc = '1'\n"),
];

/// What the small upstream is said to be.
const RELEASE: &str = "1.2.3";

const HOOK: &str = "[[hook]]\nfile = 'std/src/sys/alloc/mod.rs'\ncfg_select = 1\nlines = '    plan9 => {}'\nwhy = 'w'\n";

struct Trees {
    dir: tempfile::TempDir,
}

impl Trees {
    fn new(own: &[(&str, &str)]) -> Self {
        let trees = Self { dir: tempfile::tempdir().unwrap() };
        for (root, files) in [("up", UPSTREAM), ("own", own)] {
            fs::create_dir_all(trees.path(root)).unwrap();
            for (file, text) in files {
                trees.put(&format!("{root}/{file}"), text);
            }
        }
        trees
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn date_upstream(&self, file: &str, time: SystemTime) {
        let path = self.path("up").join(file);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    fn plan(&self) -> Result<Plan> {
        plan(&self.path("up"), &self.path("own"), RELEASE, Purpose::Sysroot)
    }

    fn write(&self) -> write::Written {
        write::write(&self.plan().unwrap(), &self.path("out")).unwrap()
    }

    fn out(&self, file: &str) -> String {
        fs::read_to_string(self.path("out").join(file)).unwrap()
    }

    fn refused(&self) -> String {
        format!("{:#}", self.plan().unwrap_err())
    }
}

#[test]
fn lays_own_files_and_hooks_over_upstream() {
    let own = [
        ("hooks/alloc.toml", HOOK),
        ("std/src/sys/alloc/plan9.rs", "//! Ours.\n"),
        ("plan9-abi/Cargo.toml", ""),
    ];
    let trees = Trees::new(&own);
    let plan = trees.plan().unwrap();
    assert_eq!((plan.own, plan.hooked, plan.count.hooks, plan.count.added), (2, 1, 1, 1));
    trees.write();
    assert_eq!(
        trees.out("std/src/sys/alloc/mod.rs"),
        "cfg_select! {\n    plan9 => {}\n    unix => {}\n}\n"
    );
    assert_eq!(trees.out("std/src/sys/alloc/plan9.rs"), "//! Ours.\n");
    assert!(!trees.out("std/Cargo.toml").contains("rand"));
    assert!(trees.path("out/plan9-abi/Cargo.toml").is_file() && !trees.path("out/hooks").exists());
}

#[test]
fn an_own_file_that_exists_upstream_is_refused() {
    let error = Trees::new(&[("std/src/sys/alloc/mod.rs", "")]).refused();
    assert!(
        error.contains("std/src/sys/alloc/mod.rs") && error.contains("exists upstream"),
        "{error}"
    );
}

#[test]
fn a_hook_on_no_file_is_refused() {
    let error = Trees::new(&[("hooks/a.toml", &HOOK.replace("alloc", "gone"))]).refused();
    assert!(error.contains("std/src/sys/gone/mod.rs") && error.contains("a.toml"), "{error}");
}

#[test]
fn a_second_run_writes_nothing_and_an_edit_writes_one_file() {
    let trees = Trees::new(&[("hooks/alloc.toml", HOOK), ("std/src/sys/alloc/plan9.rs", "1")]);
    assert_eq!(trees.write().written, 6);
    assert_eq!(trees.write(), write::Written { written: 0, removed: 0 });
    trees.put("own/std/src/sys/alloc/plan9.rs", "2");
    assert_eq!(trees.write(), write::Written { written: 1, removed: 0 });
    assert_eq!(trees.out("std/src/sys/alloc/plan9.rs"), "2");
    trees.put("own/std/src/sys/more/plan9/mod.rs", "");
    assert_eq!(trees.write().written, 1);
    fs::remove_dir_all(trees.path("own/std/src/sys/more")).unwrap();
    assert_eq!(trees.write(), write::Written { written: 0, removed: 1 });
    assert!(!trees.path("out/std/src/sys/more").exists() && trees.path("out/std/src/sys").is_dir());
}

/// Cargo rebuilds what is newer than its last build: a file that goes back to upstream's text must look new.
#[test]
fn a_hook_taken_away_leaves_pristine_text_with_a_new_time() {
    let trees = Trees::new(&[("hooks/alloc.toml", HOOK), ("std/src/own.rs", "")]);
    let file = "std/src/sys/alloc/mod.rs";
    let old = SystemTime::now() - Duration::from_secs(3600);
    trees.date_upstream(file, old);
    trees.write();
    fs::remove_file(trees.path("own/hooks/alloc.toml")).unwrap();
    fs::remove_file(trees.path("own/std/src/own.rs")).unwrap();
    assert_eq!(trees.write(), write::Written { written: 1, removed: 1 });
    assert_eq!(trees.out(file), UPSTREAM[2].1);
    let time = fs::metadata(trees.path("out").join(file)).unwrap().modified().unwrap();
    assert!(time > old + Duration::from_secs(1800));
    assert!(!trees.path("out/std/src/own.rs").exists());
    assert_eq!(trees.write().written, 0);
}

#[test]
fn the_first_copy_keeps_upstreams_times() {
    let trees = Trees::new(&[]);
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = "std/src/sys/alloc/mod.rs";
    trees.date_upstream(file, old);
    trees.write();
    assert_eq!(fs::metadata(trees.path("out").join(file)).unwrap().modified().unwrap(), old);
}

#[test]
fn the_tree_for_tests_keeps_whole_manifests_and_leaves_vendored_crates_out() {
    let trees = Trees::new(&[("hooks/a.toml", HOOK)]);
    trees.put("up/vendor/rand/lib.rs", "");
    let (up, own) = (trees.path("up"), trees.path("own"));
    let plan = plan(&up, &own, RELEASE, Purpose::Tests).unwrap();
    write::write(&plan, &trees.path("out")).unwrap();
    assert!(trees.out("Cargo.toml").contains("coretests"));
    assert!(trees.out("std/Cargo.toml").contains("rand"));
    assert!(trees.out("std/src/sys/alloc/mod.rs").contains("plan9"));
    assert!(!trees.path("out/vendor").exists());
}

#[test]
fn the_lock_file_is_cargos_until_upstreams_changes() {
    let trees = Trees::new(&[]);
    trees.put("up/Cargo.lock", "upstream's\n");
    trees.write();
    trees.put("out/Cargo.lock", "cargo's\n");
    assert_eq!(trees.write().written, 0);
    assert_eq!(trees.out("Cargo.lock"), "cargo's\n");
    trees.put("up/Cargo.lock", "upstream's next\n");
    assert_eq!(trees.write().written, 1);
    assert_eq!(trees.out("Cargo.lock"), "upstream's next\n");
    fs::remove_file(trees.path("out/Cargo.lock")).unwrap();
    assert_eq!(trees.write().written, 1);
}

/// A version's file for the release that the small upstream is.
fn version(release: &str, hooks: &str) -> String {
    format!("release = '{release}'\n{hooks}")
}

#[test]
fn a_versions_hooks_change_our_files_our_hooks_and_upstreams() {
    let hooks = "[[hook]]\nfile = 'std/src/ours.rs'\nreplace = 'io::Raw'\nlines = 'core::Raw'\nwhy = 'moved'\n\
                 [[hook]]\nfile = 'hooks/h.toml'\nreplace = 'plan9 => {}'\nlines = 'plan9 => { new }'\nwhy = 'w'\n\
                 [[hook]]\nfile = 'std/Cargo.toml'\nafter = '[package]'\nlines = '# more'\nwhy = 'w'\n";
    let file = version(RELEASE, hooks);
    let own = [
        ("std/src/ours.rs", "use io::Raw;\n"),
        ("hooks/h.toml", HOOK),
        ("versions/1.2.3.toml", file.as_str()),
    ];
    let trees = Trees::new(&own);
    trees.write();
    assert_eq!(trees.out("std/src/ours.rs"), "use core::Raw;\n");
    assert!(trees.out("std/src/sys/alloc/mod.rs").contains("plan9 => { new }"));
    assert!(trees.out("std/Cargo.toml").starts_with("[package]\n# more\n"));
    assert!(!trees.path("out/versions").exists());
    // Another release takes our files as they are.
    let others = plan(&trees.path("up"), &trees.path("own"), "1.2.4", Purpose::Sysroot).unwrap();
    let ours = others.files[Path::new("std/src/ours.rs")].bytes().unwrap();
    assert_eq!(ours, b"use io::Raw;\n");
}

#[test]
fn all_that_does_not_fit_is_told_at_once() {
    let other = "[[hook]]\nfile = 'std/Cargo.toml'\nafter = \"name = 'stb'\"\nlines = 'x'\nwhy = 'w'\n\
                 [[hook]]\nfile = 'std/src/gone.rs'\nafter = 'x'\nlines = 'y'\nwhy = 'w'\n";
    let hooks = format!("{HOOK}{other}");
    let refused = Trees::new(&[("hooks/h.toml", hooks.as_str())]).refused();
    for said in ["2 of our changes", "Rust 1.2.3", "std/Cargo.toml", "line 2", "gone.rs"] {
        assert!(refused.contains(said), "no {said:?} in: {refused}");
    }
}

#[test]
fn a_versions_change_to_our_file_that_does_not_fit_is_told_with_the_rest() {
    let hooks = "[[hook]]\nfile = 'std/src/ours.rs'\nreplace = 'io::Row'\nlines = 'core::Raw'\nwhy = 'moved'\n\
                 [[hook]]\nfile = 'std/src/gone.rs'\nafter = 'x'\nlines = 'y'\nwhy = 'w'\n";
    let file = version(RELEASE, hooks);
    let own = [("std/src/ours.rs", "use io::Raw;\n"), ("versions/1.2.3.toml", file.as_str())];
    let refused = Trees::new(&own).refused();
    for said in ["2 of our changes", "std/src/ours.rs", "line 1", "gone.rs"] {
        assert!(refused.contains(said), "no {said:?} in: {refused}");
    }
}

#[test]
fn a_cut_that_finds_nothing_is_told_with_the_rest() {
    let trees = Trees::new(&[("hooks/a.toml", &HOOK.replace("alloc", "gone"))]);
    trees.put("up/std/Cargo.toml", "[package]\n");
    fs::remove_file(trees.path("up/profiler_builtins/Cargo.toml")).unwrap();
    let refused = trees.refused();
    for said in ["3 of our changes", "dev-dependencies", "list of cuts", "sys/gone/mod.rs"] {
        assert!(refused.contains(said), "no {said:?} in: {refused}");
    }
}

#[test]
fn a_versions_file_has_its_toolchains_name_and_is_the_only_one() {
    let (file, nightly) = (version("1.2.4", ""), version("1.3.0-nightly", ""));
    let refused = Trees::new(&[("versions/1.2.3.toml", file.as_str())]).refused();
    assert!(refused.contains("name the file after rustup's toolchain"), "{refused}");
    let two = [
        ("versions/nightly-2026-10-30.toml", nightly.as_str()),
        ("versions/nightly-2026-11-30.toml", nightly.as_str()),
    ];
    let refused = Trees::new(&two).refused();
    assert!(refused.contains("11-30.toml: Rust 1.3.0-nightly has a file already"), "{refused}");
}

#[test]
fn a_draft_changes_nothing() {
    let trees = Trees::new(&[("hooks/h.toml", HOOK), ("versions/1.2.3.toml.draft", "no = toml =")]);
    trees.write();
    assert!(!trees.path("out/versions").exists());
}
