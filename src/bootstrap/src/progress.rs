//! Long steps show that they live; short output stays for what the user has to know.
//!
//! Without a terminal indicatif draws nothing, so each step also leaves one plain line when it is done.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// One long step with a spinner; prints its name, outcome and time when finished.
pub struct Step {
    bar: ProgressBar,
    name: String,
    since: Instant,
}

impl Step {
    /// Starts the step.
    pub fn start(name: &str) -> Self {
        Self::with(name, ProgressBar::new_spinner(), "{spinner} {prefix}: {msg} ({elapsed})")
    }

    /// Starts a step of so many pieces, shown as a bar.
    pub fn counted(name: &str, pieces: usize) -> Self {
        let template = "{spinner} {prefix} {wide_bar} {pos}/{len} {msg} ({elapsed})";
        Self::with(name, ProgressBar::new(pieces as u64), template)
    }

    fn with(name: &str, bar: ProgressBar, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, name: name.to_owned(), since: Instant::now() }
    }

    /// Says how many pieces are done.
    pub fn piece(&self, done: usize) {
        self.bar.set_position(done as u64);
    }

    /// Says what the step is at now.
    pub fn at(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    /// Says something on standard error that stays.
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Ends the step with one line of outcome.
    pub fn done(self, outcome: &str) {
        self.bar.finish_and_clear();
        println!("{}: {outcome} ({:.1} s)", self.name, self.since.elapsed().as_secs_f32());
    }
}
