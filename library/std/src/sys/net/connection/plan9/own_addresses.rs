//! The addresses of this machine, by a network's `ipselftab`, kept for a second.
//!
//! The caller of a conversation needs no list: the kernel gives it its own address, which for a
//! call to this machine is the address that it calls (`ip/iproute.c:v4source`). The side that
//! accepts a call knows only the caller's address. It asks here, when the call is accepted. The
//! kernel has no file that says when an address was added, so the list is good for a second, and
//! then read again by whoever asks. An address that was added less than a second ago may be
//! missing: a caller from it is treated as one of another machine, whose conversation is closed by
//! a plain close.

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::network::Network;
use crate::net::IpAddr;
use crate::sync::nonpoison::Mutex;
use crate::sys::pal::cvt_r;
use crate::sys::time::clock;

/// How long a list is good, in nanoseconds.
const FRESH: u64 = 1_000_000_000;

/// Room for all of `ipselftab`, which must be read at once: the kernel drops the rest of a line
/// that did not fit (`ip/ipifc.c:ipselftabread`). In bytes.
const ROOM: usize = 64 << 10;

/// A network's list, and the moment when it was read.
struct List {
    network: Network,
    read_at: u64,
    addresses: Vec<IpAddr>,
}

static LISTS: Mutex<Vec<List>> = Mutex::new(Vec::new());

/// Whether an address is this machine's own. A network without the table has none but the
/// loopback's.
pub fn has(network: Network, address: IpAddr) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return true;
    }
    let now = clock::now();
    if let Some(known) = known(network, address, now) {
        return known;
    }
    // Read without the lock: a network may be another machine's, and dead.
    let addresses = read(network).unwrap_or_default();
    let has = addresses.contains(&address);
    let mut lists = LISTS.lock();
    lists.retain(|list| list.network != network);
    lists.push(List { network, read_at: now, addresses });
    has
}

/// The answer of a list that is good.
fn known(network: Network, address: IpAddr, now: u64) -> Option<bool> {
    let lists = LISTS.lock();
    let list = lists.iter().find(|list| list.network == network)?;
    (now - list.read_at.min(now) < FRESH).then(|| list.addresses.contains(&address))
}

fn read(network: Network) -> Option<Vec<IpAddr>> {
    let name = network.file("ipselftab");
    let fd = cvt_r(|| file::open(name.as_c_str(), open::READ | open::CEXEC)).ok()?;
    let mut table = vec![0; ROOM];
    let read = cvt_r(|| file::read(fd, &mut table));
    let _ = file::close(fd);
    Some(addresses(str::from_utf8(&table[..read.ok()?]).ok()?))
}

/// The first word of each line is an address (man 3/ip).
fn addresses(table: &str) -> Vec<IpAddr> {
    let words = table.lines().filter_map(|line| line.split_ascii_whitespace().next());
    words
        .filter_map(|word| word.parse().ok())
        .map(|address: IpAddr| address.to_canonical())
        .collect()
}
