//! Settings are read whole while they are changed, and a reader that comes in the middle of a change lets the changer go
//! on.

use crate::atomic::{Atomic, Place};
use crate::explore::{Bound, caught, explore};
use deadline_model::settings::Settings;
use loom::sync::Arc;
use loom::thread;
use std::time::Duration;

const BOUND: Bound = Some(3);

/// A timeout whose two parts belong together.
fn timeout(of: u32) -> Option<Duration> {
    Some(Duration::new(of.into(), of))
}

/// One thread changes them twice, and another reads them twice.
fn changed(pause: fn()) {
    let word = || Atomic::new(Place::Deadline, None);
    let settings = Arc::new(Settings::new(word(), word(), word(), word()));
    let changer = {
        let settings = settings.clone();
        thread::spawn(move || {
            settings.set_timeout(timeout(1));
            settings.set_timeout(timeout(2));
        })
    };
    let mut last = 0;
    for _ in 0..2 {
        let now = settings.read(pause);
        let version = now.version;
        assert!(version >= last, "version {version} came behind {last}");
        let expected = match version {
            0 => None,
            2 => timeout(1),
            _ => timeout(2),
        };
        assert_eq!(now.timeout, expected, "version {version}");
        last = version;
    }
    changer.join().unwrap();
    assert_eq!(settings.read(pause).timeout, timeout(2));
}

#[test]
fn are_read_whole() {
    let runs = explore("settings", BOUND, || changed(thread::yield_now));
    assert!(runs >= 5_000, "only {runs} interleavings were tried");
}

#[test]
fn a_reader_that_lets_nobody_run_hangs() {
    caught("a reader without a pause", BOUND, "maximum number of branches", || changed(|| ()));
}
