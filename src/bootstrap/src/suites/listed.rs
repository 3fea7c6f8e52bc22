//! The list of upstream's tests that do not run (`tests/upstream-ignored.toml`).
//!
//! Two kinds, so that the count stays honest: a test is `ignored` for what Plan 9 is, and `not_built` while the part of
//! std that it tests is not written. An entry that names no test is an error: the list cannot outlive what it is about.

use super::names;
use crate::layout::Layout;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;

/// The suites that an entry may be of.
const SUITES: [&str; 9] = [
    names::STD_TCP,
    names::STD_UDP,
    names::CORETESTS,
    names::ALLOCTESTS,
    names::STD,
    names::STD_INTEGRATION,
    names::STD_DOC,
    names::ALLOC_DOC,
    names::CORE_DOC,
];

/// The whole list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    #[serde(default)]
    ignored: Vec<Ignored>,
    #[serde(default)]
    not_built: Vec<NotBuilt>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignored {
    suite: String,
    test: String,
    /// In terms of Plan 9.
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotBuilt {
    suite: String,
    /// Modules with all their tests, or single tests.
    modules: Vec<String>,
    why: String,
}

impl List {
    /// Reads the project's list.
    pub fn read(layout: &Layout) -> Result<Self> {
        let place = layout.root.join("tests/upstream-ignored.toml");
        let text = fs::read_to_string(&place)
            .with_context(|| format!("{} cannot be read", place.display()))?;
        Self::parse(&text).with_context(|| format!("{} is damaged", place.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let list: Self = toml::from_str(text)?;
        let reasons = list.ignored.iter().map(|entry| &entry.why);
        let reasons = reasons.chain(list.not_built.iter().map(|entry| &entry.why));
        for why in reasons {
            ensure!(!why.trim().is_empty(), "an entry gives no reason");
        }
        let suites = list.ignored.iter().map(|entry| &entry.suite);
        for suite in suites.chain(list.not_built.iter().map(|entry| &entry.suite)) {
            ensure!(SUITES.contains(&suite.as_str()), "no suite of upstream's tests is {suite}");
        }
        Ok(list)
    }

    /// The entries of one suite that are ignored, by name; two of one name are an error.
    pub fn ignored(&self, suite: &str) -> Result<BTreeMap<&str, &str>> {
        let mut reasons = BTreeMap::new();
        for entry in self.ignored.iter().filter(|entry| entry.suite == suite) {
            if reasons.insert(entry.test.as_str(), entry.why.as_str()).is_some() {
                bail!("{suite}/{} is listed twice; delete one entry", entry.test);
            }
        }
        Ok(reasons)
    }

    /// The reason by test, of those tests of the suite that do not run.
    pub fn reasons<'a>(
        &'a self,
        suite: &str,
        tests: &[String],
    ) -> Result<BTreeMap<String, &'a str>> {
        let mut reasons = BTreeMap::new();
        let mut add = |name: &str, why: &'a str| -> Result<()> {
            let inner = format!("{name}::");
            let named = tests.iter().filter(|test| *test == name || test.starts_with(&inner));
            let mut none = true;
            for test in named {
                none = false;
                if reasons.insert(test.clone(), why).is_some() {
                    bail!("{suite}/{test} is listed twice; delete one entry");
                }
            }
            ensure!(!none, "{suite} has no test {name}, which is listed; delete or mend the entry");
            Ok(())
        };
        for entry in self.ignored.iter().filter(|entry| entry.suite == suite) {
            ensure!(
                tests.contains(&entry.test),
                "{suite} has no test {}, which is listed as ignored; delete or mend the entry",
                entry.test
            );
            add(&entry.test, &entry.why)?;
        }
        for entry in self.not_built.iter().filter(|entry| entry.suite == suite) {
            for module in &entry.modules {
                add(module, &entry.why)?;
            }
        }
        Ok(reasons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    const TEXT: &str = "
[[ignored]]
suite = 'std'
test = 'net::linger'
why = 'no linger'

[[not_built]]
suite = 'std'
modules = ['fs', 'net::peek']
why = 'files are not built yet'
";

    fn names(tests: &[&str]) -> Vec<String> {
        tests.iter().map(|test| test.to_string()).collect()
    }

    #[test]
    fn tests_and_whole_modules_get_their_reasons() {
        let list = List::parse(TEXT).unwrap();
        let all = names(&["fs::a", "fs::b::c", "fsx::d", "net::linger", "net::peek", "net::ttl"]);
        let reasons = list.reasons("std", &all).unwrap();
        let found: Vec<_> = reasons.keys().map(String::as_str).collect();
        assert_eq!(found, ["fs::a", "fs::b::c", "net::linger", "net::peek"]);
        assert_eq!(reasons["net::linger"], "no linger");
        assert_eq!(reasons["fs::b::c"], "files are not built yet");
    }

    #[test]
    fn entries_that_name_no_test_are_errors() {
        let list = List::parse(TEXT).unwrap();
        let error = list.reasons("std", &names(&["fs::a", "net::peek"])).unwrap_err().to_string();
        assert!(error.contains("no test net::linger"), "{error}");
        let error =
            list.reasons("std", &names(&["net::linger", "net::peek"])).unwrap_err().to_string();
        assert!(error.contains("no test fs"), "{error}");
    }

    #[test]
    fn an_ignored_entry_names_one_test_and_no_module() {
        let list = List::parse("[[ignored]]\nsuite = 'std'\ntest = 'm'\nwhy = 'w'\n").unwrap();
        assert!(list.reasons("std", &names(&["m::a"])).is_err());
    }

    #[test]
    fn a_test_is_listed_once() {
        let text = format!("{TEXT}\n[[ignored]]\nsuite = 'std'\ntest = 'fs::a'\nwhy = 'w'\n");
        let all = names(&["fs::a", "net::linger", "net::peek"]);
        let error = List::parse(&text).unwrap().reasons("std", &all).unwrap_err().to_string();
        assert!(error.contains("listed twice"), "{error}");
    }

    #[test]
    fn entries_of_other_suites_do_not_count_but_of_no_suite_are_errors() {
        let list = List::parse(TEXT).unwrap();
        assert!(list.reasons("coretests", &[]).unwrap().is_empty());
        let error = List::parse(&TEXT.replace("'std'", "'sdt'")).unwrap_err().to_string();
        assert!(error.contains("sdt"), "{error}");
    }

    #[test]
    fn an_entry_gives_a_reason() {
        assert!(List::parse("[[ignored]]\nsuite = 'std'\ntest = 't'\nwhy = ' '\n").is_err());
        assert!(List::parse("[[ignored]]\nsuite = 'std'\ntest = 't'\n").is_err());
    }

    #[test]
    fn the_projects_list_is_well_formed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        List::read(&Layout::new(root, PathBuf::new())).unwrap();
    }
}
