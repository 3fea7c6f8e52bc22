//! Bytes one by one, without a timeout, to a peer that stalls: their blocks fill the queue long before its bytes could,
//! and the writer waits for acknowledgements alone.

use interop::{argument, byte_at, dial};
use std::io::Write;

fn main() {
    let mut stream = dial(1);
    for place in 0..argument(2) {
        stream.write_all(&[byte_at(place)]).unwrap();
    }
}
