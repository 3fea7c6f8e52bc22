//! What libtest prints, read line by line, because one run of a program holds thousands of tests and each counts.
//!
//! A test whose line never came did not end; the caller knows the whole set from `--list` and asks for the rest.

use std::collections::BTreeMap;

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// With upstream's reason, which may be empty.
    Ignored(String),
}

/// The tests of `--list`, benchmarks among them: libtest runs those once when it is not asked to measure.
pub fn listed(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        line.strip_suffix(": test").or_else(|| line.strip_suffix(": benchmark"))
    });
    names.map(str::to_owned).collect()
}

/// The outcomes so far, and what failed tests printed.
#[derive(Debug, Default)]
pub struct Outcomes {
    pub ended: BTreeMap<String, Outcome>,
    /// By test, from libtest's section `failures:`.
    pub printed: BTreeMap<String, String>,
    section: Option<String>,
}

impl Outcomes {
    /// Takes one line of standard output and returns the outcome that it tells of.
    pub fn take(&mut self, line: &str) -> Option<Outcome> {
        if let Some(name) =
            line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            self.section = Some(plain(name).to_owned());
            return None;
        }
        if line == "failures:" || line.starts_with("test result: ") {
            self.section = None;
        }
        if let Some(name) = &self.section {
            let text = self.printed.entry(name.clone()).or_default();
            text.push_str(line);
            text.push('\n');
            return None;
        }
        let (name, outcome) = ending(line)?;
        self.ended.insert(name.to_owned(), outcome.clone());
        Some(outcome)
    }

    /// How many failed so far.
    pub fn failed(&self) -> usize {
        self.ended.values().filter(|outcome| **outcome == Outcome::Failed).count()
    }
}

/// `test NAME ... OUTCOME`.
pub fn ending(line: &str) -> Option<(&str, Outcome)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let outcome = match outcome {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Ignored(String::new()),
        _ if outcome.starts_with("bench: ") => Outcome::Passed,
        // `FAILED (time limit exceeded)`, or `- should panic` that did not.
        _ if outcome.starts_with("FAILED") => Outcome::Failed,
        _ => Outcome::Ignored(outcome.strip_prefix("ignored, ")?.to_owned()),
    };
    Some((plain(name), outcome))
}

/// The name as `--list` prints it.
fn plain(name: &str) -> &str {
    let name = name.trim_end();
    name.strip_suffix(" - should panic").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "\n\
running 6 tests\n\
test a::passes ... ok\n\
test a::panics - should panic ... ok\n\
test b::fails ... FAILED\n\
test b::slow ... ignored, takes an hour\n\
test b::other ... ignored\n\
\n\
failures:\n\
\n\
---- b::fails stdout ----\n\
\n\
thread 'b::fails' panicked at x.rs:1:1:\n\
test c::inner ... ok\n\
\n\
\n\
failures:\n\
    b::fails\n\
\n\
test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    fn read(text: &str) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for line in text.lines() {
            outcomes.take(line);
        }
        outcomes
    }

    #[test]
    fn every_ending_is_read() {
        let outcomes = read(RUN);
        let ended: Vec<_> =
            outcomes.ended.iter().map(|(name, end)| (name.as_str(), end.clone())).collect();
        assert_eq!(
            ended,
            [
                ("a::panics", Outcome::Passed),
                ("a::passes", Outcome::Passed),
                ("b::fails", Outcome::Failed),
                ("b::other", Outcome::Ignored(String::new())),
                ("b::slow", Outcome::Ignored("takes an hour".into())),
            ]
        );
        assert_eq!(outcomes.failed(), 1);
    }

    #[test]
    fn what_a_failed_test_printed_is_its_text_and_no_ending() {
        let outcomes = read(RUN);
        let printed = &outcomes.printed["b::fails"];
        assert!(printed.contains("panicked at x.rs") && printed.contains("c::inner"), "{printed}");
        assert!(!outcomes.ended.contains_key("c::inner"));
    }

    #[test]
    fn a_line_that_is_cut_off_ends_nothing() {
        let outcomes =
            read("running 1 test\ntest a ... \ntest b has been running for over 60 seconds\n");
        assert!(outcomes.ended.is_empty());
    }

    #[test]
    fn the_outcome_that_a_line_tells_is_returned() {
        let mut outcomes = Outcomes::default();
        assert_eq!(outcomes.take("test x - should panic ... FAILED"), Some(Outcome::Failed));
        assert!(outcomes.ended.contains_key("x"));
        assert_eq!(outcomes.take("running 1 test"), None);
    }

    #[test]
    fn benchmarks_are_listed_and_the_sum_is_not() {
        let text = "a::b: test\nc: benchmark\n\n1 test, 1 benchmark\n";
        assert_eq!(listed(text), ["a::b", "c"]);
    }
}
