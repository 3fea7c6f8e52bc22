//! Reading directories, unions included (`port/sysfile.c:unionread`, `dirpackage`).

use super::{Chan, opening, record};
use crate::dev::{Pid, Result, error};
use crate::devices;
use crate::kernel::Kernel;

/// Whole records from where the channel stands, as many as fit.
pub fn read(k: &mut Kernel, pid: Pid, chan: &Chan, count: usize) -> Result<Vec<u8>> {
    if chan.directory.borrow().is_none() {
        let mut records = Vec::new();
        for node in &chan.members {
            for entry in devices::of(node)?.entries(k, pid, node)? {
                records.push(record(node, &entry));
            }
        }
        chan.directory.replace(Some((records, 0)));
    }
    let mut state = chan.directory.borrow_mut();
    let Some((records, given)) = state.as_mut() else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    while let Some(next) = records.get(*given) {
        if bytes.len() + next.len() > count {
            // A file server and a union give nothing, which looks like the end.
            if bytes.is_empty() && chan.members.len() == 1 && !opening::served(&chan.node) {
                return Err(error("i/o count too small"));
            }
            break;
        }
        bytes.extend(next);
        *given += 1;
    }
    chan.offset.set(chan.offset.get() + bytes.len() as u64);
    Ok(bytes)
}
