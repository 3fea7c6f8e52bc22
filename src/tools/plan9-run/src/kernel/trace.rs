//! What `--trace` and `--stats` print.

use super::Kernel;
use super::spell;
use crate::dev::{Pid, Result};
use plan9_abi::sysno;
use std::collections::BTreeMap;

/// How often each system call was made.
#[derive(Default)]
pub struct Stats(BTreeMap<u64, u64>);

impl Stats {
    pub(crate) fn count(&mut self, number: u64) {
        *self.0.entry(number).or_default() += 1;
    }

    /// One line a system call, the most frequent first, then the sum.
    pub fn report(&self) -> String {
        let mut rows: Vec<_> = self.0.iter().collect();
        rows.sort_by_key(|&(number, count)| (std::cmp::Reverse(*count), *number));
        let mut text = String::new();
        for (number, count) in rows {
            text += &format!("{count:10} {}\n", name(*number));
        }
        text + &format!("{:10} system calls\n", self.0.values().sum::<u64>())
    }
}

fn name(number: u64) -> String {
    match sysno::describe(number as usize) {
        Some((name, _)) => name.to_string(),
        None => format!("syscall{number}"),
    }
}

impl Kernel {
    /// Remembers what a system call was asked, before it changes what the arguments point at.
    pub(crate) fn trace_call(&mut self, pid: Pid) {
        if !self.options.trace {
            return;
        }
        let Some(call) = self.procs.get(&pid).map(|proc| proc.call) else { return };
        let text = format!("{}({})", name(call.number), spell::arguments(self, pid, &call));
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.call_text = text;
        }
    }

    /// One line for a system call that is over: seconds since the start, the proc, the call, its result or error string.
    pub(crate) fn trace(&self, pid: Pid, result: &Result<i64>) {
        if !self.options.trace {
            return;
        }
        let Some(proc) = self.procs.get(&pid) else { return };
        let result = match result {
            Ok(value) => spell::result(self, pid, &proc.call, *value),
            Err(why) => format!("-1 '{}'", why.0),
        };
        self.trace_line(pid, &format!("{} = {result}", proc.call_text));
    }

    /// A line for something else that happens to a proc: a note, its end.
    pub(crate) fn trace_line(&self, pid: Pid, text: &str) {
        if self.options.trace {
            eprintln!("{:.6} {pid} {text}", self.mono_ns() as f64 / 1e9);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;
    use plan9_abi::sysno;

    #[test]
    fn the_most_frequent_call_comes_first() {
        let mut stats = Stats::default();
        for number in [sysno::OPEN, sysno::PREAD, sysno::PREAD, 200] {
            stats.count(number as u64);
        }
        let lines: Vec<_> = stats.report().lines().map(str::trim).map(String::from).collect();
        assert_eq!(lines, ["2 pread", "1 open", "1 syscall200", "4 system calls"]);
    }
}
