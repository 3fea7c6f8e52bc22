//! Files without a length are read in large pieces from the start: some of the system's lose the rest of a line that did
//! not fit (`ip/ipifc.c:ipselftabread`).

use std::fs::{self, File};
use std::io::{self, BufReader, Read};

/// One read with room for all.
fn whole(name: &str) -> Vec<u8> {
    let mut all = vec![0; 65_536];
    let n = File::open(name).unwrap().read(&mut all).unwrap();
    all.truncate(n);
    all
}

fn main() {
    for name in ["/net/ipselftab", "/net/iproute", "/net/arp"] {
        let text = whole(name);
        let mut file = File::open(name).unwrap();
        // A little room is not enough either.
        let mut to_end = Vec::with_capacity(40);
        file.read_to_end(&mut to_end).unwrap();
        let mut copied = Vec::new();
        io::copy(&mut File::open(name).unwrap(), &mut copied).unwrap();
        let mut buffered = Vec::new();
        BufReader::new(File::open(name).unwrap()).read_to_end(&mut buffered).unwrap();
        let mut limited = Vec::new();
        File::open(name).unwrap().take(60_000).read_to_end(&mut limited).unwrap();
        let mut sunk = 0;
        sunk += io::copy(&mut File::open(name).unwrap(), &mut io::sink()).unwrap();
        let same = [
            fs::read(name).unwrap() == text,
            fs::read_to_string(name).unwrap().into_bytes() == text,
            to_end == text,
            copied == text,
            buffered == text,
            limited == text,
            sunk == text.len() as u64,
        ];
        println!("{name}: {same:?}");
    }
}
