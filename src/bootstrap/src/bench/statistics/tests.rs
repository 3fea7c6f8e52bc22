//! Known samples give known figures.

use super::*;

#[test]
fn lines_become_blocks() {
    let samples = Samples::parse("a 1\na 3\nb 10\na 5\nb 30\n").unwrap();
    assert_eq!(samples.medians("a"), [2.0, 5.0]);
    assert_eq!(samples.medians("b"), [10.0, 30.0]);
    assert_eq!(samples.count("a"), 3);
    for wrong in ["a", "a ", "a x", " 1", "thread 'main' panicked at x.rs"] {
        assert!(Samples::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_distribution_has_its_quantiles_and_its_early_ones() {
    let mut text: String = (1..=1000).map(|n| format!("x {}\n", n * 1000)).collect();
    text += "x -1\nx -20\n";
    let found = Samples::parse(&text).unwrap().distribution("x").unwrap();
    assert_eq!((found.early, found.count()), (2, 1000));
    for (quantile, expected) in [(0.5, 500_000.0), (0.99, 990_000.0), (1.0, 1_000_000.0)] {
        let got = found.quantile(quantile) as f64;
        assert!((got / expected - 1.0).abs() < 0.001, "{quantile}: {got}");
    }
    assert!((found.max() as f64 / 1_000_000.0 - 1.0).abs() < 0.001);
    assert!(Samples::default().distribution("x").is_err());
}

#[test]
fn shares_add_up() {
    let text: String = (0..500).map(|n| format!("x {}\n", 1 + n * n)).collect();
    let found = Samples::parse(&text).unwrap().distribution("x").unwrap();
    assert_eq!(found.cumulative().last().map(|point| point.1), Some(1.0));
    assert!(found.cumulative().is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
    let classes: f64 = found.classes().iter().map(|point| point.1).sum();
    assert!((classes - 1.0).abs() < 1e-9, "{classes}");
}

/// The machine gets ten times slower on the way; one kind is always a tenth slower than the other.
#[test]
fn drift_leaves_a_ratio_alone() {
    let mut text = String::new();
    for block in 1..=10 {
        for (label, cost) in [("timed", 1100), ("untimed", 1000)] {
            (0..9).for_each(|_| text += &format!("{label} {}\n", cost * block));
        }
    }
    let ratio = Samples::parse(&text).unwrap().ratio("timed", "untimed").unwrap();
    assert!((ratio.median - 1.1).abs() < 1e-9, "{ratio}");
    assert!(ratio.upper - ratio.lower < 1e-9, "{ratio}");
}

#[test]
fn a_block_that_was_disturbed_does_not_move_the_ratio() {
    let ratio = Ratio::of(vec![10.0, 10.0, 900.0, 10.0, 10.0], vec![10.0; 5]).unwrap();
    assert_eq!(ratio.median, 1.0);
    assert!(Ratio::of(vec![], vec![1.0]).is_err());
}
