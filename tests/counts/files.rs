//! So many times one thing done with files under /tmp: its system calls are counted from outside.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next().expect("what is to be done");
    let rounds: u32 = args.next().and_then(|text| text.parse().ok()).expect("a number of rounds");
    let (one, two) = ("/tmp/counts.one", "/tmp/counts.two");
    fs::write(one, [b'x'; 100]).unwrap();
    fs::write(two, vec![b'x'; 50_000]).unwrap();
    let mut log = OpenOptions::new().append(true).open(two).unwrap();
    let mut open = File::open(two).unwrap();
    let mut bytes = vec![0; 50_000];
    for _ in 0..rounds {
        match kind.as_str() {
            "append" => log.write_all(b"a line\n").unwrap(),
            "read" => assert!(open.read(&mut bytes).is_ok()),
            "open and read" => {
                assert_eq!(File::open(one).unwrap().read(&mut bytes[..500]).unwrap(), 100)
            }
            "small file" => assert_eq!(fs::read(one).unwrap().len(), 100),
            "large file" => assert_eq!(fs::read(two).unwrap().len(), 50_000),
            "set_len" => log.set_len(50_000).unwrap(),
            "rename" => {
                fs::rename(two, "/tmp/counts.three").unwrap();
                fs::rename("/tmp/counts.three", two).unwrap();
            }
            _ => panic!("{kind}?"),
        }
    }
    fs::remove_file(one).unwrap();
    fs::remove_file(two).unwrap();
}
