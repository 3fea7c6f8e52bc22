//! One file per part.

pub mod arm;
pub mod churn;
pub mod go;
pub mod lateness;
pub mod pingpong;
pub mod stream;
pub mod threads;

use super::plot::Curve;
use super::statistics::{Distribution, microseconds};

/// A time in microseconds, for a table.
fn us(nanoseconds: u64) -> String {
    format!("{:.1}", microseconds(nanoseconds))
}

/// Median, 99th percentile and maximum in microseconds, for a table.
fn quantiles(of: &Distribution) -> [String; 3] {
    [us(of.quantile(0.5)), us(of.quantile(0.99)), us(of.max())]
}

/// The median in microseconds, for a table.
fn median(of: &Distribution) -> String {
    us(of.quantile(0.5))
}

/// A curve of the shares by classes.
fn classes(name: &str, of: &Distribution) -> Curve {
    Curve { name: name.into(), points: of.classes() }
}

/// A curve that rises to 1.
fn cumulative(name: &str, of: &Distribution) -> Curve {
    Curve { name: name.into(), points: of.cumulative() }
}
