//! The programs of `tests/bench`: compiled, run on the machine, and what they leave read.

use super::calls::Calls;
use super::statistics::Samples;
use crate::layout::Layout;
use crate::suites::go;
use crate::suites::programs::{self, Ended};
use crate::verbs::run::compile;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A program that runs longer hangs, however slow the host is.
const LIMIT: Duration = Duration::from_secs(300);
/// The same for Go's, whose hanging is a result that takes its time.
const GO_LIMIT: Duration = Duration::from_secs(120);

/// One that is compiled.
pub struct Program<'a> {
    layout: &'a Layout,
    binary: PathBuf,
    name: String,
    limit: Duration,
}

impl<'a> Program<'a> {
    /// A program in Rust, by its name.
    pub fn rust(layout: &'a Layout, name: &str) -> Result<Self> {
        let binary = layout.build.join("bench/rust").join(name);
        compile(layout, &layout.root.join(format!("tests/bench/{name}.rs")), &binary, &["-O"])?;
        Ok(Self { layout, binary, name: format!("{name}.rs"), limit: LIMIT })
    }

    /// A program in Go, by its name.
    pub fn go(layout: &'a Layout, go: &Path, version: &str, name: &str) -> Result<Self> {
        let binary = layout.build.join("bench").join(version).join(name);
        go::build(layout, go, &layout.root.join(format!("tests/bench/{name}.go")), &binary)?;
        Ok(Self { layout, binary, name: format!("{name}.go"), limit: GO_LIMIT })
    }

    fn run(&self, flags: &[&str], args: &[String]) -> Result<Ended> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        programs::run_within(self.limit, self.layout, flags, &self.binary, &args)
            .with_context(|| self.name.clone())
    }

    /// Runs it; that it hangs is an end like any other, after what it has printed.
    pub fn run_to_any_end(&self, flags: &[&str], args: &[String]) -> Result<Ended> {
        self.run(flags, args).or_else(|why| {
            let printed = self.binary.with_extension("out");
            let stdout = fs::read_to_string(&printed)
                .with_context(|| format!("{} cannot be read", printed.display()))?;
            Ok(Ended { code: -1, stdout, stderr: why.root_cause().to_string() })
        })
    }

    /// Runs it; anything but success is an error.
    fn succeed(&self, flags: &[&str], args: &[String]) -> Result<Ended> {
        let ended = self.run(flags, args)?;
        if ended.code != 0 {
            bail!("{} {} failed: {}", self.name, args.join(" "), last_words(&ended));
        }
        Ok(ended)
    }

    /// What it measures.
    pub fn samples(&self, flags: &[&str], args: &[String]) -> Result<Samples> {
        let ended = self.succeed(flags, args)?;
        Samples::parse(&ended.stdout).with_context(|| format!("{} is broken", self.name))
    }

    /// The system calls it makes, and what it measures meanwhile. Another machine than the embedded one counts none.
    pub fn calls(&self, flags: &[&str], args: &[String]) -> Result<(Calls, Samples)> {
        if !self.layout.machine.is_embedded() {
            return Ok((Calls::not_counted(), self.samples(flags, args)?));
        }
        let ended = self.succeed(&[flags, &["--stats"]].concat(), args)?;
        let samples = Samples::parse(&ended.stdout);
        Ok((
            Calls::parse(&ended.stderr)
                .with_context(|| format!("{} was not counted", self.name))?,
            samples.with_context(|| format!("{} is broken", self.name))?,
        ))
    }
}

/// How a program that failed explained itself: its last line that is no count of the machine's.
pub fn last_words(ended: &Ended) -> String {
    let words = |line: &&str| line.chars().any(char::is_alphabetic) && !line.starts_with(' ');
    match ended.stderr.lines().rfind(words) {
        Some(line) => line.to_string(),
        None => format!("exit code {}, without a word", ended.code),
    }
}

/// A program's arguments: numbers, then words.
pub fn arguments(numbers: &[u64], words: &[&str]) -> Vec<String> {
    let numbers = numbers.iter().map(u64::to_string);
    numbers.chain(words.iter().map(ToString::to_string)).collect()
}
