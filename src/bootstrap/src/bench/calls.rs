//! System calls per operation: a program runs with so many operations and with twice as many, and the difference is
//! what the operations cost. Starting up, which is the same in both, drops out. `sleep` stands apart: what waits for
//! another proc to do its step yields by it, so its number says how busy the host is.

use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// How often each system call was made, as `plan9-run --stats` prints it.
#[derive(Debug)]
pub struct Calls(BTreeMap<String, u64>);

/// Calls per operation without yields, the most frequent first.
#[derive(Debug)]
pub struct PerOperation(Vec<(String, f64)>);

/// In the place of a call's name.
const NOT_COUNTED: &str = "not counted";

/// What yields to another proc.
const YIELD: &str = "sleep";

impl Calls {
    /// Reads lines `COUNT NAME`; the last one is the sum, and other lines are the program's own.
    pub fn parse(text: &str) -> Result<Calls> {
        let row = |line: &str| -> Option<(String, u64)> {
            let (count, name) = line.trim_start().split_once(' ')?;
            Some((name.to_string(), count.parse().ok()?))
        };
        let mut calls: BTreeMap<String, u64> = text.lines().filter_map(row).collect();
        calls.remove("system calls").context("plan9-run printed no counts")?;
        Ok(Calls(calls))
    }

    /// Of a machine that does not count them: all that is made of these is no number.
    pub fn not_counted() -> Calls {
        Calls(BTreeMap::from([(NOT_COUNTED.to_string(), 0)]))
    }

    /// How often procs yielded.
    pub fn yields(&self) -> f64 {
        self.count(YIELD)
    }

    /// How often a call was made.
    fn count(&self, name: &str) -> f64 {
        match self.0.contains_key(NOT_COUNTED) {
            true => f64::NAN,
            false => self.0.get(name).copied().unwrap_or(0) as f64,
        }
    }

    /// What `operations` more operations than in `fewer` cost each.
    pub fn per_operation(&self, fewer: &Calls, operations: u64) -> PerOperation {
        let each = |name: &String| {
            let more = self.count(name) - fewer.count(name);
            (name.clone(), more / operations as f64)
        };
        let mut calls: Vec<(String, f64)> =
            self.0.keys().filter(|name| *name != YIELD).map(each).collect();
        calls.sort_by(|a, b| b.1.total_cmp(&a.1));
        PerOperation(calls)
    }
}

impl PerOperation {
    /// All of them.
    pub fn sum(&self) -> f64 {
        self.0.iter().map(|(_, calls)| calls).sum()
    }

    /// Those of one name.
    pub fn of(&self, name: &str) -> f64 {
        let none = if self.sum().is_nan() { f64::NAN } else { 0.0 };
        self.0.iter().find(|(found, _)| found == name).map_or(none, |&(_, calls)| calls)
    }

    /// Those that are made at least once in a hundred operations, by name.
    pub fn by_name(&self) -> String {
        let often = self.0.iter().filter(|(_, calls)| *calls >= 0.01);
        often.map(|(name, calls)| format!("{name} {calls:.2}")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_what_operations_cost() {
        let fewer = "words of the program\n      1010 pread\n      1000 pwrite\n         9 open\n      2019 system calls\n";
        let more = "      3010 pread\n      3000 pwrite\n         9 open\n        20 sleep\n      6039 system calls\n";
        let cost = Calls::parse(more).unwrap().per_operation(&Calls::parse(fewer).unwrap(), 1000);
        assert!((cost.sum() - 4.0).abs() < 1e-9, "{cost:?}");
        assert_eq!((cost.of("pread"), cost.of("open"), cost.of("brk_")), (2.0, 0.0, 0.0));
        assert_eq!(cost.by_name(), "pread 2.00, pwrite 2.00");
        assert_eq!(Calls::parse(more).unwrap().yields(), 20.0);
        assert!(Calls::parse("      3010 pread\n").is_err());
    }

    #[test]
    fn what_was_not_counted_is_no_number() {
        let cost = Calls::not_counted().per_operation(&Calls::not_counted(), 1000);
        assert!(Calls::not_counted().yields().is_nan());
        assert!(cost.sum().is_nan() && cost.of("pread").is_nan());
        assert_eq!(cost.by_name(), "");
    }
}
