//! What `--trace` and `--stats` print.

use super::Kernel;
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
    /// One line for a system call that is over.
    pub(crate) fn trace(&self, pid: Pid, result: &Result<i64>) {
        if !self.options.trace {
            return;
        }
        let Some(proc) = self.procs.get(&pid) else { return };
        let count = sysno::describe(proc.call.number as usize).map_or(5, |(_, args)| args);
        let args: Vec<String> =
            proc.call.args[..count].iter().map(|arg| format!("{arg:#x}")).collect();
        let result = match result {
            Ok(value) => format!("{value:#x}"),
            Err(why) => format!("-1 '{}'", why.0),
        };
        eprintln!(
            "{:.6} {pid} {}({}) = {result}",
            self.mono_ns() as f64 / 1e9,
            name(proc.call.number),
            args.join(", ")
        );
    }

    /// One line for a proc's end.
    pub(crate) fn trace_exit(&self, pid: Pid, status: &[u8]) {
        if self.options.trace {
            let text = String::from_utf8_lossy(status);
            eprintln!("{:.6} {pid} exits('{text}')", self.mono_ns() as f64 / 1e9);
        }
    }
}
