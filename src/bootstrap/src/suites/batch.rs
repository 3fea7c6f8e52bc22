//! A program of libtest on the machine, all its tests in one run, because a start for each of thousands would
//! take longer than the tests.
//!
//! The program's output is followed line by line: a bar shows how far it is, and a program that says nothing for long
//! is ended. A test without an ending has failed, for the reason that the program gave when it ended.

use super::Report;
use super::launch;
use super::libtest::{self, Outcome, Outcomes};
use super::programs::{self, Ended};
use crate::layout::Layout;
use crate::progress::Step;
use anyhow::{Context, Result, anyhow, ensure};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// A program that says nothing for longer hangs: no test takes this long, on a loaded host either.
const SILENCE: Duration = Duration::from_secs(1200);
/// Lines of standard error that explain an early end.
const LAST_WORDS: usize = 12;

/// One program of tests.
pub struct Batch {
    suite: &'static str,
    /// What stands before the tests' names, such as `sync::`.
    prefix: String,
    binary: PathBuf,
    /// As `--list` names them.
    tests: Vec<String>,
}

impl Batch {
    /// Asks the program for its tests.
    pub fn list(
        layout: &Layout,
        suite: &'static str,
        prefix: String,
        binary: PathBuf,
    ) -> Result<Self> {
        let ended = programs::run(layout, &[], &binary, &["--list"])?;
        ensure!(ended.code == 0, "{} cannot list its tests: {}", binary.display(), ended.stderr);
        Ok(Self { suite, prefix, binary, tests: libtest::listed(&ended.stdout) })
    }

    /// The tests' names with the prefix.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.tests.iter().map(|test| format!("{}{test}", self.prefix))
    }

    /// Runs the tests whose names contain `part`; `left_out` gives the reasons of those that do not run.
    pub fn run(
        &self,
        layout: &Layout,
        part: &str,
        left_out: &BTreeMap<String, &str>,
        report: &mut Report,
    ) -> Result<()> {
        let mut wanted = Vec::new();
        for (test, name) in self.tests.iter().zip(self.names()) {
            if !name.contains(part) {
                continue;
            }
            match left_out.get(&name) {
                Some(why) => report.skip(&format!("{}/{name}", self.suite), why),
                None => wanted.push(test.as_str()),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let name = format!("{} {}", self.suite, self.prefix.trim_end_matches(':'));
        let step = Step::counted(name.trim_end(), wanted.len());
        let (outcomes, ended) = self.follow(layout, &self.arguments(&wanted), &step)?;
        step.done(&format!(
            "{} of {} tests ended, {} failed",
            outcomes.ended.len(),
            wanted.len(),
            outcomes.failed()
        ));
        self.count(&wanted, &outcomes, &ended, report);
        Ok(())
    }

    /// Names what runs or what does not, whichever is shorter: a kernel's argument list is bounded.
    fn arguments<'a>(&'a self, wanted: &[&'a str]) -> Vec<&'a str> {
        let unwanted: Vec<&str> =
            self.tests.iter().map(String::as_str).filter(|test| !wanted.contains(test)).collect();
        // libtest paints its words where it finds a terminal's description.
        let mut arguments = vec!["--color=never", "--exact"];
        if wanted.len() < unwanted.len() {
            arguments.extend(wanted);
        } else {
            arguments.extend(unwanted.into_iter().flat_map(|test| ["--skip", test]));
        }
        arguments
    }

    fn follow(&self, layout: &Layout, args: &[&str], step: &Step) -> Result<(Outcomes, Ended)> {
        let (out, err) = (self.binary.with_extension("out"), self.binary.with_extension("err"));
        let mut log = File::create(&out).with_context(|| format!("{}", out.display()))?;
        // Empty for suites that run no commands.
        fs::create_dir_all(layout.commands())?;
        let flags = layout.bind_commands();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let mut prepared = launch::prepare(layout, None, &flags, &self.binary, args)?;
        let mut child = prepared
            .command
            .stdout(Stdio::piped())
            .stderr(File::create(&err)?)
            .spawn()
            .context("plan9-run cannot be started; run `x build`")?;
        let stdout = child.stdout.take().context("the program's output cannot be read")?;
        let (sender, lines) = mpsc::channel();
        let reader = thread::spawn(move || -> std::io::Result<()> {
            for line in BufReader::new(stdout).split(b'\n') {
                // The receiver is gone when the program was ended for its silence.
                if sender.send(line?).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let mut outcomes = Outcomes::default();
        let mut silent = false;
        loop {
            match lines.recv_timeout(SILENCE) {
                Ok(line) => {
                    log.write_all(&line)?;
                    log.write_all(b"\n")?;
                    if outcomes.take(&String::from_utf8_lossy(&line)) == Some(Outcome::Failed) {
                        step.at(format!("{} failed", outcomes.failed()));
                    }
                    step.piece(outcomes.ended.len());
                }
                Err(RecvTimeoutError::Timeout) => {
                    silent = true;
                    child.kill()?;
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = child.wait()?;
        if !silent {
            reader.join().map_err(|_| anyhow!("reading the program's output panicked"))??;
        }
        let mut stderr = String::from_utf8_lossy(&fs::read(err)?).into_owned();
        if silent {
            stderr.push_str(&format!("ended by us: it said nothing for {SILENCE:?}\n"));
        }
        let code = status.code().unwrap_or(-1);
        Ok((outcomes, Ended { code, stdout: String::new(), stderr }))
    }

    fn count(&self, wanted: &[&str], outcomes: &Outcomes, ended: &Ended, report: &mut Report) {
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let last_words = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n");
        let mut explained = false;
        for &test in wanted {
            let title = format!("{}/{}{test}", self.suite, self.prefix);
            match outcomes.ended.get(test) {
                Some(Outcome::Passed) => report.passed += 1,
                Some(Outcome::Ignored(why)) if why.is_empty() => {
                    report.skip(&title, "ignored upstream")
                }
                Some(Outcome::Ignored(why)) => report.skip(&title, &format!("upstream: {why}")),
                Some(Outcome::Failed) => {
                    let printed = outcomes.printed.get(test).map_or("", |text| text.trim());
                    report.record(&title, Err(anyhow!("{printed}")));
                }
                None => {
                    let why = if explained { "see above" } else { &last_words };
                    let why = anyhow!("it did not end; exit code {}: {why}", ended.code);
                    report.record(&title, Err(why));
                    explained = true;
                }
            }
        }
        if ended.code != 0 && !explained && outcomes.failed() == 0 {
            let why =
                anyhow!("every test ended well, the exit code is {}: {last_words}", ended.code);
            report.record(&format!("{}/{}", self.suite, self.prefix), Err(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(tests: &[&str]) -> Batch {
        let tests = tests.iter().map(|test| test.to_string()).collect();
        Batch { suite: "s", prefix: "p::".into(), binary: PathBuf::from("b"), tests }
    }

    fn counted(lines: &[&str], wanted: &[&str], code: i32) -> (usize, usize, usize) {
        let mut outcomes = Outcomes::default();
        for line in lines {
            outcomes.take(line);
        }
        let ended = Ended { code, stdout: String::new(), stderr: "abort\n".into() };
        let mut report = Report::default();
        batch(wanted).count(wanted, &outcomes, &ended, &mut report);
        (report.passed, report.failed, report.skipped)
    }

    #[test]
    fn the_shorter_of_both_lists_is_given() {
        let batch = batch(&["a", "b", "c"]);
        assert_eq!(batch.arguments(&["a", "c"]), ["--color=never", "--exact", "--skip", "b"]);
        assert_eq!(batch.arguments(&["b"]), ["--color=never", "--exact", "b"]);
        assert_eq!(batch.arguments(&["a", "b", "c"]), ["--color=never", "--exact"]);
    }

    #[test]
    fn every_wanted_test_counts_once_and_one_that_did_not_end_has_failed() {
        let lines = ["test a ... ok", "test b ... ignored", "test c ... FAILED"];
        assert_eq!(counted(&lines, &["a", "b", "c", "d"], 101), (1, 2, 1));
    }

    #[test]
    fn an_exit_code_that_no_test_explains_is_a_failure() {
        assert_eq!(counted(&["test a ... ok"], &["a"], 1), (1, 1, 0));
        assert_eq!(counted(&["test a ... ok"], &["a"], 0), (1, 0, 0));
        assert_eq!(counted(&["test a ... FAILED"], &["a"], 101), (0, 1, 0));
    }
}
