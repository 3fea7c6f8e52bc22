//! flate2 with its Rust backend: a file of a mebibyte, compressed on its way out and back.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};

const LEN: usize = 1 << 20;

fn main() -> io::Result<()> {
    // Half of it repeats and half does not.
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let data: Vec<u8> = (0..LEN).map(|at| if at % 4096 < 2048 { b'r' } else { next() }).collect();
    let file = format!("/tmp/compress.{}", std::process::id());
    let mut encoder = GzEncoder::new(File::create(&file)?, Compression::default());
    encoder.write_all(&data)?;
    encoder.finish()?.sync_all()?;
    let len = fs::metadata(&file)?.len() as usize;
    println!("between a half and five eighths: {}", (LEN / 2..LEN * 5 / 8).contains(&len));
    let mut back = Vec::new();
    GzDecoder::new(BufReader::new(File::open(&file)?)).read_to_end(&mut back)?;
    println!("the same: {}", back == data);
    // A flipped bit must be found by the checksum, not by luck.
    let mut bytes = fs::read(&file)?;
    bytes[len - 6] ^= 1;
    println!(
        "{:?}",
        GzDecoder::new(&bytes[..]).read_to_end(&mut back).map_err(|error| error.kind())
    );
    fs::remove_file(&file)
}
