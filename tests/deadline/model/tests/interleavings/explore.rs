//! Running a model through every interleaving, and counting them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Steps of one interleaving; a model that makes more hangs.
const LONGEST: usize = 2_000;

/// Preemptions of one interleaving, where all of them would take hours.
pub type Bound = Option<usize>;

/// Runs `model` in every interleaving with up to `bound` preemptions, and prints how many there were.
pub fn explore(name: &str, bound: Bound, model: impl Fn() + Send + Sync + 'static) -> usize {
    let counter = Arc::new(AtomicUsize::new(0));
    let runs = counter.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_branches = LONGEST;
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let runs = runs.load(Ordering::Relaxed);
    let limit = bound.map_or("all".to_string(), |most| format!("up to {most} preemptions"));
    println!("{name}: {runs} interleavings ({limit})");
    runs
}

/// Asserts that some interleaving of a broken model fails, with a message that holds `words`.
pub fn caught(name: &str, bound: Bound, words: &str, model: impl Fn() + Send + Sync + 'static) {
    let counter = Arc::new(AtomicUsize::new(0));
    let runs = counter.clone();
    let counted = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    };
    let result = catch_unwind(AssertUnwindSafe(|| explore(name, bound, counted)));
    let Err(payload) = result else { panic!("{name}: no interleaving shows it") };
    let text = match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => payload.downcast_ref::<&str>().map_or(String::new(), |text| text.to_string()),
    };
    assert!(text.contains(words), "{name}: it failed with {text:?}, expected {words:?}");
    println!("{name}: caught in interleaving {}: {text}", runs.load(Ordering::Relaxed));
}
