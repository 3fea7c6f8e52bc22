//! The open of `listen` (`ip/devip.c:ipopen`): waits for a call and becomes its `ctl`.
//!
//! One opener waits for calls; the others wait for that one, where no note reaches them.

use super::{Phase, end};
use crate::dev::{Breakable, INTERRUPTED, Operation, Pid, Result, Started, Step, Value, error};
use crate::kernel::Kernel;

pub struct Listen {
    n: usize,
}

impl Listen {
    pub fn started(k: &mut Kernel, n: usize) -> Started {
        match k.net.tcp.get(n) {
            Ok(listener) if listener.phase == Phase::Announced => {
                listener.opens += 1;
                Started::Blocked(Box::new(Listen { n }))
            }
            Ok(_) => Started::Done(Err(error("not announced"))),
            Err(why) => Started::Done(Err(why)),
        }
    }

    /// Lets the next one in, and the listener go if nobody else holds it.
    fn leave(&self, k: &mut Kernel, pid: Pid) {
        if let Ok(listener) = k.net.tcp.get(self.n)
            && listener.listening == Some(pid)
        {
            listener.listening = None;
            let wait = listener.wait;
            k.waits.wake(wait);
        }
        end::close_file(k, self.n);
    }
}

impl Operation for Listen {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let pending = k.procs.get(&pid).is_some_and(|proc| proc.notepending);
        let hung_up = Step::Done(Err(error("listen hungup")));
        let Ok(listener) = k.net.tcp.get(self.n) else { return hung_up };
        let wait = listener.wait;
        if listener.listening.is_some_and(|first| first != pid) {
            return Step::Wait(wait, Breakable::No);
        }
        if listener.received.borrow().is_closed() {
            self.leave(k, pid);
            return hung_up;
        }
        listener.listening = Some(pid);
        // The kernel sleeps before it looks: a pending interrupt ends the open even if a call waits.
        if pending {
            return Step::Wait(wait, Breakable::ByNotes);
        }
        match listener.incoming.pop_front() {
            Some(call) => {
                self.leave(k, pid);
                Step::Done(Ok(Value::File(crate::ip::conversation_node(call, crate::ip::CTL))))
            }
            None => Step::Wait(wait, Breakable::ByNotes),
        }
    }

    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        self.leave(k, pid);
        Err(INTERRUPTED)
    }
}
