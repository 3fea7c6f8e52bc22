//! Each way a hook can fail to fit, because a hook that lands in the wrong place compiles more often than not.

use super::*;
use std::path::PathBuf;

const TEXT: &str = "\
use a;
// cfg_select! {
cfg_select! {
    unix => { one }
}
mod key {
    cfg_select! {
        _ => {}
    }
}
";

fn hook(placement: Placement, lines: &str) -> Hook {
    let (file, origin) = (PathBuf::from("std/src/x.rs"), PathBuf::from("h.toml"));
    Hook { file, placement, lines: lines.into(), why: "w".into(), tests_only: false, origin }
}

fn run(hooks: &[Hook]) -> Result<String> {
    apply(TEXT, &hooks.iter().collect::<Vec<_>>())
}

fn refused(hooks: &[Hook]) -> String {
    let text = format!("{:#}", run(hooks).unwrap_err());
    assert!(text.contains("std/src/x.rs"), "the file is not named: {text}");
    text
}

#[test]
fn a_comment_is_no_cfg_select() {
    let text = run(&[hook(Placement::CfgSelect(1), "    plan9 => {}")]).unwrap();
    assert!(text.contains("\ncfg_select! {\n    plan9 => {}\n    unix => { one }\n"), "{text}");
    let text = run(&[hook(Placement::CfgSelect(2), "        plan9 => {}\n")]).unwrap();
    assert!(
        text.contains("mod key {\n    cfg_select! {\n        plan9 => {}\n        _ => {}\n"),
        "{text}"
    );
}

#[test]
fn after_and_before_insert_whole_lines() {
    let text = run(&[
        hook(Placement::After("se a".into()), "x"),
        hook(Placement::Before("mod k".into()), "y"),
    ])
    .unwrap();
    assert!(text.starts_with("use a;\nx\n// cfg"), "{text}");
    assert!(text.contains("}\ny\nmod key {\n"), "{text}");
    assert_eq!(text.lines().count(), TEXT.lines().count() + 2);
}

#[test]
fn after_a_last_line_without_newline() {
    let text = apply("end", &[&hook(Placement::After("end".into()), "more")]).unwrap();
    assert_eq!(text, "end\nmore\n");
}

#[test]
fn replace_changes_only_the_text() {
    let text = run(&[hook(Placement::Replace("unix".into()), "any(unix, plan9)")]).unwrap();
    assert_eq!(text, TEXT.replace("unix", "any(unix, plan9)"));
}

#[test]
fn a_missing_anchor_is_refused() {
    assert!(
        refused(&[hook(Placement::After("nothing".into()), "x")])
            .contains("anchor `nothing` is missing")
    );
    assert!(
        refused(&[hook(Placement::Replace("nothing".into()), "plan9")])
            .contains("anchor `nothing` is missing")
    );
    assert!(
        refused(&[hook(Placement::CfgSelect(3), "x")])
            .contains("number 3 is missing, the file has 2")
    );
    assert!(refused(&[hook(Placement::CfgSelect(0), "x")]).contains("from 1"));
}

#[test]
fn a_doubled_anchor_is_refused() {
    assert!(
        refused(&[
            hook(Placement::Before("{}".into()), "x"),
            hook(Placement::After("e".into()), "x")
        ])
        .contains("`e` occurs more")
    );
    // Places that overlap are two places.
    let text =
        format!("{:#}", apply("aaa", &[&hook(Placement::Replace("aa".into()), "b")]).unwrap_err());
    assert!(text.contains("more than once"), "{text}");
}

#[test]
fn an_already_hooked_anchor_is_refused() {
    for hook in [
        hook(Placement::CfgSelect(1), "    plan9 => {}"),
        hook(Placement::After("use a".into()), "use b;"),
        hook(Placement::Before("mod key".into()), "mod k;"),
        hook(Placement::Replace("unix".into()), "any(unix, plan9)"),
        hook(Placement::Replace("use a".into()), "use c"),
    ] {
        let hooked = apply(TEXT, &[&hook]).unwrap();
        let text = format!("{:#}", apply(&hooked, &[&hook]).unwrap_err());
        assert!(text.contains("already hooked"), "{text}");
        assert!(text.contains("std/src/x.rs"), "{text}");
    }
}

#[test]
fn two_hooks_at_one_place_are_refused() {
    let twice = [hook(Placement::CfgSelect(1), "x"), hook(Placement::CfgSelect(1), "y")];
    assert!(refused(&twice).contains("also hooked"));
    let overlap = [
        hook(Placement::Replace("unix =>".into()), "x"),
        hook(Placement::Replace("=> { one".into()), "y"),
    ];
    assert!(refused(&overlap).contains("same text"));
}

#[test]
fn hooks_do_not_see_each_other() {
    let hooks = [
        hook(Placement::After("use a".into()), "mod new;"),
        hook(Placement::After("mod new".into()), "x"),
    ];
    assert!(refused(&hooks).contains("`mod new` is missing"));
}

#[test]
fn lines_are_counted_by_kind() {
    let mut count = Count::default();
    count.take(&hook(Placement::CfgSelect(1), "\na\nb\n"));
    count.take(&hook(Placement::Replace("x".into()), "y"));
    count.take(&Hook { tests_only: true, ..hook(Placement::After("x".into()), "y\nz") });
    assert_eq!(count, Count { hooks: 3, added: 2, changed: 1, tests_only: 2 });
}
