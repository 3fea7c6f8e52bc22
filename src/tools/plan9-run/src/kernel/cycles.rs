//! What time a proc used: the cycles that Tos tells (`port/proc.c:kenter`, `kexit`, `procswitch`), and its user and
//! system time as Linux measured them.

use super::rfork::TOS;
use super::tsc;
use super::{Kernel, Proc};
use crate::dev::Pid;
use plan9_abi::tos;

/// The counts of one proc, in cycles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cycles {
    /// When it was made.
    start: u64,
    /// When it last came into the kernel, moved on by what it slept there.
    entered: u64,
    /// Spent in the kernel.
    kernel: u64,
    /// Spent asleep.
    away: u64,
    /// When the present sleep began.
    asleep: Option<u64>,
}

impl Cycles {
    pub(crate) fn new() -> Cycles {
        let now = tsc::now();
        Cycles { start: now, entered: now, kernel: 0, away: 0, asleep: None }
    }

    /// The proc comes into the kernel.
    pub(crate) fn enter(&mut self) {
        self.entered = tsc::now();
    }

    /// The proc gives the processor away until [`Cycles::wake`].
    pub(crate) fn sleep(&mut self) {
        self.asleep.get_or_insert_with(tsc::now);
    }

    pub(crate) fn wake(&mut self) {
        if let Some(since) = self.asleep.take() {
            let slept = tsc::now().saturating_sub(since);
            self.away += slept;
            self.entered += slept;
        }
    }

    /// The proc leaves the kernel: what Tos's `kcycles` and `pcycles` become.
    fn leave(&mut self) -> (u64, u64) {
        self.wake();
        let now = tsc::now();
        self.kernel += now.saturating_sub(self.entered);
        self.entered = now;
        (self.kernel, self.start.wrapping_add(self.away).wrapping_neg())
    }

    /// Milliseconds in the kernel; 0 where the counter's frequency is not known.
    fn kernel_ms(&self) -> u64 {
        match tsc::frequency() {
            0 => 0,
            hz => (u128::from(self.kernel) * 1000 / u128::from(hz)) as u64,
        }
    }
}

impl Proc {
    /// User, system and real time in milliseconds. The system's is what Linux and the machine did for it.
    pub fn times(&self, now_ns: u64) -> [u64; 3] {
        let [user, system] = self.tracee.as_ref().map_or([0; 2], super::tracee::Tracee::times);
        let real = now_ns.saturating_sub(self.started_ns) / 1_000_000;
        [user, system + self.cycles.kernel_ms(), real]
    }

    /// The pages of its segments that are there, in bytes (`port/proc.c:procpagecount`).
    pub fn resident(&self) -> u64 {
        let own = self.tracee.as_ref().map_or(0, super::tracee::Tracee::own_pages);
        own + self.space.iter().filter_map(|segment| segment.used()).sum::<u64>()
    }

    /// User and system time in milliseconds of the children that are gone.
    pub fn children_times(&self) -> [u64; 2] {
        self.children_times
    }
}

impl Kernel {
    /// Writes what the kernel keeps in Tos at each of its exits.
    pub(crate) fn write_tos(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let (kernel, total) = proc.cycles.leave();
        let mut words = [0; tos::PID + 4 - tos::KCYCLES];
        words[..8].copy_from_slice(&kernel.to_le_bytes());
        words[tos::PCYCLES - tos::KCYCLES..][..8].copy_from_slice(&total.to_le_bytes());
        words[tos::PID - tos::KCYCLES..].copy_from_slice(&pid.to_le_bytes());
        if let Some(tracee) = &proc.tracee {
            // A failure means that it died under us, or unmapped what it cannot unmap.
            let _ = tracee.write(TOS + tos::KCYCLES as u64, &words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cycles;

    #[test]
    fn sleep_counts_neither_as_kernel_nor_as_the_proc_s() {
        let mut cycles = Cycles::new();
        cycles.enter();
        cycles.sleep();
        std::thread::sleep(std::time::Duration::from_millis(20));
        cycles.wake();
        let (kernel, total) = cycles.leave();
        let slept = cycles.away;
        assert!(kernel < slept / 4, "{kernel} of {slept}");
        assert!(super::tsc::now().wrapping_add(total) < slept / 4);
    }
}
