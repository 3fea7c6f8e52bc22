//! Long steps show that they live; short output stays for what the user has to know.
//!
//! Without a terminal indicatif draws nothing, so each step also leaves one plain line when it is done.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// One long step with a spinner; prints its name, outcome and time when finished.
pub struct Step {
    bar: ProgressBar,
    name: &'static str,
    since: Instant,
}

impl Step {
    /// Starts the step.
    pub fn start(name: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, name, since: Instant::now() }
    }

    /// Says what the step is at now.
    pub fn at(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    /// Ends the step with one line of outcome.
    pub fn done(self, outcome: &str) {
        self.bar.finish_and_clear();
        println!("{}: {outcome} ({:.1} s)", self.name, self.since.elapsed().as_secs_f32());
    }
}
