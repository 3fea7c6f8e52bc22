//! `--chaos SEED`: procs are held up at moments and for times that the seed gives, so that races show which a quick
//! machine hides, as the record-and-replay debugger rr does in its chaos mode.
//!
//! Each proc has a fate of its own, drawn from the seed and its pid: how often it is held, which changes every few hundred
//! events, and at what. It is held
//!
//! - on its way into a system call, before that is done;
//! - on its way out, when what the call gave and which note is delivered are settled already;
//! - in user mode, some instructions behind the kernel's exit, or after a time, wherever it is then.
//!
//! Meanwhile all others go on. A note that comes to a proc in user mode reaches it at the next tick of its processor,
//! which is up to 10 ms away, as on a real kernel; without chaos it comes at once.
//!
//! What the seed decides is the same for the same history of a proc. How the host runs procs side by side, and its clock,
//! are not the seed's, so the order is the same only as far as those let it.

use super::Kernel;
use super::dice::Dice;
use super::proc::State;
use super::tracee::{Stop, TRAP_FLAG, TRAP_TRACE};
use crate::dev::{Pid, WaitId};
use plan9_abi::layout::TICK_MS;
use std::collections::BTreeSet;
use std::ops::Range;

/// A tick of the clock in nanoseconds.
const TICK_NS: u64 = TICK_MS * 1_000_000;
/// Once in how many events a proc is held, by its present lot; never, where it is 0. Each is drawn as often as it is here.
const LOTS: [u64; 8] = [0, 0, 0, 64, 64, 16, 16, 4];
/// Events until the next lot.
const EVENTS: Range<u64> = 100..1000;
/// How long a proc is held, in nanoseconds: mostly, often, and seldom.
const SHORT: Range<u64> = 20_000..500_000;
const LONG: Range<u64> = 500_000..5_000_000;
const STARVED: Range<u64> = 5_000_000..30_000_000;
/// Out of a hundred.
const SHORT_SHARE: u64 = 70;
const LONG_SHARE: u64 = 25;
/// Instructions behind the kernel's exit, and nanoseconds.
const STEPS: Range<u64> = 1..200;
const SOON: Range<u64> = 10_000..1_000_000;
/// PUSHF and POPF show and lose the flag of a step: no proc is stepped over them.
const OF_FLAGS: [u8; 2] = [0x9C, 0x9D];

/// What happens to a proc at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// It goes into the system call that it has stopped at.
    Enter,
    /// It goes on in user mode.
    Go,
    /// It is stopped in user mode, to be held there.
    Preempt,
    /// The clock of its processor ticks.
    Tick,
}

/// The machine's part.
pub(crate) struct Chaos {
    seed: u64,
    wait: WaitId,
    due: BTreeSet<(u64, Pid, Due)>,
    holds: u64,
    late_notes: u64,
}

/// A proc's part.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    dice: Dice,
    once_in: u64,
    events: u64,
    /// It stands still in user mode until then.
    held_until: Option<u64>,
    /// It is to be held at its next stop in user mode.
    preempted: bool,
    ticks: bool,
}

impl Chaos {
    pub fn new(seed: u64, wait: WaitId) -> Chaos {
        Chaos { seed, wait, due: BTreeSet::new(), holds: 0, late_notes: 0 }
    }

    /// One line: the seed, and what was done.
    pub fn report(&self) -> String {
        let Chaos { seed, holds, late_notes, .. } = self;
        format!(
            "plan9-run: --chaos {seed}: procs were held {holds} times, {late_notes} notes came at a tick"
        )
    }
}

impl Fate {
    fn new(seed: u64, pid: Pid) -> Fate {
        let dice = Dice::new(Some(seed ^ u64::from(pid).wrapping_mul(0xD6E8_FEB8_6659_FD93)));
        Fate { dice, once_in: 0, events: 0, held_until: None, preempted: false, ticks: false }
    }

    /// Whether something happens at this event.
    fn strikes(&mut self) -> bool {
        if self.events == 0 {
            self.events = self.dice.of(EVENTS);
            self.once_in = LOTS[self.dice.of(0..LOTS.len() as u64) as usize];
        }
        self.events -= 1;
        self.once_in != 0 && self.dice.once_in(self.once_in)
    }

    fn time(&mut self) -> u64 {
        let range = match self.dice.of(0..100) {
            ..SHORT_SHARE => SHORT,
            n if n < SHORT_SHARE + LONG_SHARE => LONG,
            _ => STARVED,
        };
        self.dice.of(range)
    }
}

impl Kernel {
    /// What chaos did, as one line.
    pub fn chaos_report(&self) -> Option<String> {
        self.chaos.as_ref().map(Chaos::report)
    }

    fn fate(&mut self, pid: Pid) -> Option<&mut Fate> {
        let seed = self.chaos.as_ref()?.seed;
        let proc = self.procs.get_mut(&pid)?;
        Some(proc.fate.get_or_insert_with(|| Fate::new(seed, pid)))
    }

    fn plan(&mut self, pid: Pid, after: u64, what: Due) {
        let at = self.mono_ns() + after;
        if let Some(chaos) = &mut self.chaos {
            chaos.due.insert((at, pid, what));
            self.timers.wake_at(at, chaos.wait);
        }
    }

    /// A proc has stopped at a system call: true if it is held there, and enters the kernel later.
    pub(crate) fn held_at_entry(&mut self, pid: Pid) -> bool {
        let Some(fate) = self.fate(pid) else { return false };
        if !fate.strikes() {
            return false;
        }
        let time = fate.time();
        self.count_hold();
        self.plan(pid, time, Due::Enter);
        true
    }

    /// A proc is about to go on in user mode, its registers set: true if it is held, and goes on later.
    pub(crate) fn held_at_exit(&mut self, pid: Pid) -> bool {
        let Some(fate) = self.fate(pid) else { return false };
        if !fate.strikes() {
            if fate.strikes() {
                let after = fate.dice.of(SOON);
                self.plan(pid, after, Due::Preempt);
            }
            return false;
        }
        // At once, or some instructions later.
        if fate.dice.once_in(2) {
            let steps = fate.dice.of(STEPS);
            if let Some(stop) = self.step_some(pid, steps) {
                return self.stopped_elsewhere(pid, stop);
            }
        }
        self.hold_in_user_mode(pid);
        true
    }

    fn hold_in_user_mode(&mut self, pid: Pid) {
        let now = self.mono_ns();
        let Some(fate) = self.fate(pid) else { return };
        let time = fate.time();
        fate.held_until = Some(now + time);
        self.count_hold();
        self.plan(pid, time, Due::Go);
    }

    fn count_hold(&mut self) {
        if let Some(chaos) = &mut self.chaos {
            chaos.holds += 1;
        }
    }

    /// Runs so many instructions; gives a stop that is not the end of one.
    ///
    /// Linux hides the flag of a step again only if it was hidden at the step before: behind a handler that was stepped
    /// over its POPF (`--strict`) it is not, and the program would keep it. So it is taken away however the steps end.
    fn step_some(&mut self, pid: Pid, steps: u64) -> Option<Stop> {
        let stop = (0..steps).find_map(|_| self.step_once_more(pid)).flatten();
        let tracee = self.procs.get(&pid)?.tracee.as_ref()?;
        // A failure means that it is gone; the wait for it will say so.
        let _ = tracee.regs().and_then(|mut regs| {
            regs.eflags &= !TRAP_FLAG;
            tracee.set_regs(&regs)
        });
        stop
    }

    /// Runs one instruction; gives what ends the steps, a stop if there was one.
    fn step_once_more(&self, pid: Pid) -> Option<Option<Stop>> {
        let Some(tracee) = self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref()) else {
            return Some(None);
        };
        let Ok(regs) = tracee.regs() else { return Some(None) };
        let code = self.code_at(pid, regs.rip);
        if code.iter().take(2).any(|byte| OF_FLAGS.contains(byte)) {
            return Some(None);
        }
        match tracee.step().and_then(|()| tracee.wait()) {
            Ok(Stop::Signal(libc::SIGTRAP))
                if tracee.signal_info().is_ok_and(|info| info.0 == TRAP_TRACE) =>
            {
                None
            }
            Ok(stop) => Some(Some(stop)),
            Err(_) => Some(Some(Stop::Gone)),
        }
    }

    /// A stepped proc has come to a stop by itself, which is dealt with in its turn.
    fn stopped_elsewhere(&mut self, pid: Pid, stop: Stop) -> bool {
        if let Some(tid) =
            self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref()).map(|t| t.tid())
        {
            self.stops.push((tid, stop));
        }
        true
    }

    /// A proc was stopped in user mode: true if chaos wanted that, and it goes on later.
    pub(crate) fn held_where_it_is(&mut self, pid: Pid) -> bool {
        let Some(fate) = self.fate(pid) else { return false };
        if !std::mem::take(&mut fate.preempted) {
            return false;
        }
        self.hold_in_user_mode(pid);
        true
    }

    /// A note comes to a proc in user mode: true if it waits for the tick.
    pub(crate) fn waits_for_tick(&mut self, pid: Pid) -> bool {
        let now = self.mono_ns();
        let Some(fate) = self.fate(pid) else { return false };
        if !std::mem::replace(&mut fate.ticks, true) {
            let held = fate.held_until.map_or(0, |until| until.saturating_sub(now));
            let after = held + fate.dice.of(0..TICK_NS);
            self.plan(pid, after, Due::Tick);
            if let Some(chaos) = &mut self.chaos {
                chaos.late_notes += 1;
            }
        }
        true
    }

    /// True if what was woken is chaos.
    pub(crate) fn chaos_woken(&mut self, id: WaitId) -> bool {
        if self.chaos.as_ref().is_none_or(|chaos| chaos.wait != id) {
            return false;
        }
        let now = self.mono_ns();
        while let Some(chaos) = &mut self.chaos
            && let Some(&(at, pid, what)) = chaos.due.first()
            && at <= now
        {
            chaos.due.pop_first();
            self.happen(pid, what);
        }
        true
    }

    fn happen(&mut self, pid: Pid, what: Due) {
        let now = self.mono_ns();
        let Some(fate) = self.fate(pid) else { return };
        let held = fate.held_until.is_some_and(|until| until > now);
        match what {
            Due::Enter => self.enter(pid),
            Due::Go => {
                fate.held_until = None;
                let Some(proc) = self.procs.get(&pid) else { return };
                if proc.at == State::User
                    && proc.tracee.as_ref().is_some_and(|t| t.resume().is_err())
                {
                    self.exit(pid, b"Killed");
                }
            }
            Due::Preempt if held => {}
            Due::Preempt => {
                fate.preempted = true;
                self.stop_in_user_mode(pid);
            }
            Due::Tick if held => {
                let until = fate.held_until.unwrap_or(now);
                let after = until.saturating_sub(now) + fate.dice.of(0..TICK_NS);
                self.plan(pid, after, Due::Tick);
            }
            Due::Tick => {
                fate.ticks = false;
                self.stop_in_user_mode(pid);
            }
        }
    }

    fn stop_in_user_mode(&mut self, pid: Pid) {
        if let Some(proc) = self.procs.get(&pid)
            && proc.at == State::User
            && let Some(tracee) = &proc.tracee
        {
            // A failure means that it has just stopped by itself.
            let _ = tracee.interrupt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fate;

    #[test]
    fn a_seed_gives_a_proc_the_same_fate() {
        let events = |seed, pid| {
            let mut fate = Fate::new(seed, pid);
            (0..5000).map(|_| fate.strikes().then(|| fate.time())).collect::<Vec<_>>()
        };
        assert_eq!(events(1, 2), events(1, 2));
        assert_ne!(events(1, 2), events(1, 3));
        assert_ne!(events(1, 2), events(2, 2));
        let struck = events(1, 2).into_iter().flatten().count();
        assert!((20..1500).contains(&struck), "{struck} of 5000");
    }
}
