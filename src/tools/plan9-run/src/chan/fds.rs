//! Descriptor tables (`port/sysfile.c:newfd`, `port/pgrp.c:dupfgrp`).

use super::Chan;
use crate::dev::{Error, Result, error};

/// `port/error.h:Enofd`
const NO_FD: Error = error("no free file descriptors");
/// The highest descriptor.
const MAX_FD: usize = 4_999;

/// A slot of a table.
#[derive(Clone, Debug)]
pub struct Descriptor {
    pub chan: Chan,
    pub close_on_exec: bool,
}

/// The descriptors of a group.
#[derive(Clone, Debug, Default)]
pub struct Table {
    slots: Vec<Option<Descriptor>>,
    /// The highest descriptor there ever was.
    highest: usize,
    /// The hundred that it has just passed.
    exceeded: Option<usize>,
}

impl Table {
    pub fn get(&self, fd: usize) -> Option<Chan> {
        self.slots.get(fd)?.as_ref().map(|slot| slot.chan.clone())
    }

    /// Puts a channel into a slot; what was there comes back.
    pub fn set(&mut self, fd: usize, chan: Chan) -> Option<Chan> {
        self.set_flagged(fd, chan, false)
    }

    fn set_flagged(&mut self, fd: usize, chan: Chan, close_on_exec: bool) -> Option<Chan> {
        const MANY: usize = 100;
        if fd / MANY > self.highest / MANY {
            self.exceeded = Some(fd / MANY * MANY);
        }
        self.highest = self.highest.max(fd);
        if self.slots.len() <= fd {
            self.slots.resize(fd + 1, None);
        }
        self.slots[fd].replace(Descriptor { chan, close_on_exec }).map(|slot| slot.chan)
    }

    /// Puts a channel into the lowest free slot.
    pub fn add(&mut self, chan: Chan, close_on_exec: bool) -> Result<usize> {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free > MAX_FD {
            return Err(NO_FD);
        }
        self.set_flagged(free, chan, close_on_exec);
        Ok(free)
    }

    /// The number of descriptors that the kernel is to warn of, once.
    pub fn take_exceeded(&mut self) -> Option<usize> {
        self.exceeded.take()
    }

    /// Whether `dup` may put a channel at `fd`: the table grows by at most twenty slots past what it has.
    pub fn in_reach(&self, fd: usize) -> bool {
        const STEP: usize = 20;
        let size = self.slots.len().next_multiple_of(STEP).max(STEP);
        fd < size + STEP && fd <= MAX_FD
    }

    pub fn take(&mut self, fd: usize) -> Option<Chan> {
        self.slots.get_mut(fd)?.take().map(|slot| slot.chan)
    }

    pub fn take_on_exec(&mut self) -> Vec<Chan> {
        self.slots
            .iter_mut()
            .filter_map(|slot| slot.take_if(|slot| slot.close_on_exec))
            .map(|slot| slot.chan)
            .collect()
    }

    pub fn into_chans(self) -> impl Iterator<Item = Chan> {
        self.slots.into_iter().flatten().map(|slot| slot.chan)
    }

    /// The open descriptors, in order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Descriptor)> {
        self.slots.iter().enumerate().filter_map(|(fd, slot)| Some((fd, slot.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chan::new_channel;
    use crate::devices::stdio::stdio_node;

    #[test]
    fn a_table_grows_by_steps_warns_at_hundreds_and_ends() {
        let chan = new_channel(vec![stdio_node(0)], "/dev/cons".into(), 0);
        let mut table = Table::default();
        assert!(table.in_reach(39) && !table.in_reach(40));
        let mut warned = Vec::new();
        for fd in 0..=MAX_FD {
            assert_eq!(table.add(chan.clone(), false), Ok(fd));
            warned.extend(table.take_exceeded());
        }
        assert_eq!(table.add(chan.clone(), false), Err(NO_FD));
        assert_eq!(warned, (1..50).map(|n| n * 100).collect::<Vec<_>>());
        table.take(7);
        assert_eq!((table.add(chan, false), table.take_exceeded()), (Ok(7), None));
    }
}
