//! What the messages to a conversation's `ctl` have in common, whatever the protocol (`ip/devip.c:ipwrite`).

use super::address::{self, ANY};
use crate::dev::{Breakable, Operation, Pid, Result, Started, Step, Value, WaitId, error};
use crate::kernel::{Kernel, quote};
use std::net::IpAddr;

/// The words of a message: what is on its further lines is more words (`port/parse.c:parsecmd`).
pub fn words(message: &[u8]) -> Vec<String> {
    let text = message.split(|&byte| byte == 0).next().unwrap_or_default();
    let words = quote::words(text);
    words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// A `connect` or an `announce` that is done. The kernel sleeps before it looks, so a pending interrupt makes a call
/// fail that has worked.
pub struct Settled {
    wait: WaitId,
    count: usize,
}

impl Settled {
    /// Waits, if at all, and gives the length of the message.
    pub fn started(k: &mut Kernel, count: usize) -> Started {
        Started::Blocked(Box::new(Settled { wait: k.waits.fresh(), count }))
    }
}

impl Operation for Settled {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        if k.procs.get(&pid).is_some_and(|proc| proc.notepending) {
            return Step::Wait(self.wait, Breakable::ByNotes);
        }
        Step::Done(Ok(Value::Count(self.count as u64)))
    }
}

/// The group and the interface's address of `addmulti` and `delmulti`, `own` where none is named.
pub fn group(args: &[&str], own: IpAddr) -> Result<(IpAddr, IpAddr)> {
    match args {
        [] => Err(error("addmulti needs interface address")),
        [on] => Ok((own, address::parse(on)?)),
        [on, group, ..] => {
            let on = address::parse(on)?;
            Ok((address::parse(group)?, on))
        }
    }
}

/// The group of a message that names none: one of the conversation's own addresses.
pub fn own_group(local: IpAddr, remote: IpAddr) -> IpAddr {
    if remote == ANY || local.is_multicast() { local } else { remote }
}

/// Whether a group can be joined on an interface's address (`ip/ipifc.c:ipifcaddmulti`).
pub fn joinable(group: IpAddr, on: IpAddr) -> Result<()> {
    if !group.is_multicast() {
        return Err(error("addmulti for a non multicast address"));
    }
    if group.is_ipv4() != on.is_ipv4() {
        return Err(error("incompatible multicast/interface ip address"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_message_is_all_of_its_lines_up_to_a_nul() {
        assert_eq!(words(b" ttl  64\nnonsense\n\0more"), ["ttl", "64", "nonsense"]);
        assert_eq!(words(b"addmulti 'a b'"), ["addmulti", "a b"]);
        assert!(words(b"").is_empty());
    }
}
