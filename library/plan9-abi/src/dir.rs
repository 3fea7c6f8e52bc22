//! Dir records: what `stat`, `wstat` and directory reads carry (man 5/stat, `libc/9sys/convD2M.c`).
//!
//! Everything is little-endian. A record borrows from the buffer it was read from, so neither side
//! allocates.

use crate::flags::mode;

/// The size of a record without the bytes of its four strings.
pub const FIXED_SIZE: usize = 49;

/// `qid.type` of a directory; the other bits mirror `mode >> 24` too.
pub const QTDIR: u8 = (mode::DIR >> 24) as u8;

/// A file's identity on its server (man 5/intro).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Qid {
    pub kind: u8,
    pub version: u32,
    pub path: u64,
}

/// One record. Times are seconds since 1970, the length is in bytes. Names are bytes, UTF-8 by
/// custom only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dir<'a> {
    pub device_type: u16,
    pub device: u32,
    pub qid: Qid,
    pub mode: u32,
    pub atime: u32,
    pub mtime: u32,
    pub length: u64,
    pub name: &'a [u8],
    pub uid: &'a [u8],
    pub gid: &'a [u8],
    pub muid: &'a [u8],
}

impl<'a> Dir<'a> {
    /// The record for `wstat` that changes nothing; set the fields that are to change. Sent as it
    /// is, it asks the server to bring the file to stable storage.
    pub const UNCHANGED: Dir<'static> = Dir {
        device_type: !0,
        device: !0,
        qid: Qid { kind: !0, version: !0, path: !0 },
        mode: !0,
        atime: !0,
        mtime: !0,
        length: !0,
        name: b"",
        uid: b"",
        gid: b"",
        muid: b"",
    };

    /// Reads the first record of `bytes`; gives it and what lies behind it. `None` if the record is
    /// malformed or cut, or counts bytes that no field has, as the kernel refuses it
    /// (`libc/9sys/convM2D.c:statcheck`).
    pub fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let size = 2 + usize::from(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?));
        let rest = bytes.get(size..)?;
        let mut reader = Reader(&bytes[2..size]);
        let record = Self {
            device_type: u16::from_le_bytes(reader.array()?),
            device: u32::from_le_bytes(reader.array()?),
            qid: Qid {
                kind: u8::from_le_bytes(reader.array()?),
                version: u32::from_le_bytes(reader.array()?),
                path: u64::from_le_bytes(reader.array()?),
            },
            mode: u32::from_le_bytes(reader.array()?),
            atime: u32::from_le_bytes(reader.array()?),
            mtime: u32::from_le_bytes(reader.array()?),
            length: u64::from_le_bytes(reader.array()?),
            name: reader.string()?,
            uid: reader.string()?,
            gid: reader.string()?,
            muid: reader.string()?,
        };
        reader.0.is_empty().then_some((record, rest))
    }

    /// The size of the record, in bytes.
    pub const fn size(&self) -> usize {
        FIXED_SIZE + self.name.len() + self.uid.len() + self.gid.len() + self.muid.len()
    }

    /// Writes the record to the start of `buffer` and gives its size; `None` if it does not fit
    /// there, or into the 65,535 bytes that a record and each of its strings can have.
    pub fn write(&self, buffer: &mut [u8]) -> Option<usize> {
        let size = self.size();
        let counted = u16::try_from(size - 2).ok()?;
        let mut writer = Writer { buffer: buffer.get_mut(..size)?, at: 0 };
        writer.put(&counted.to_le_bytes());
        writer.put(&self.device_type.to_le_bytes());
        writer.put(&self.device.to_le_bytes());
        writer.put(&[self.qid.kind]);
        writer.put(&self.qid.version.to_le_bytes());
        writer.put(&self.qid.path.to_le_bytes());
        for word in [self.mode, self.atime, self.mtime] {
            writer.put(&word.to_le_bytes());
        }
        writer.put(&self.length.to_le_bytes());
        for string in [self.name, self.uid, self.gid, self.muid] {
            // The whole record fits 16 bits, so each string does.
            writer.put(&(string.len() as u16).to_le_bytes());
            writer.put(string);
        }
        Some(size)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let count = u16::from_le_bytes(self.array()?);
        self.take(count.into())
    }
}

struct Writer<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.buffer[self.at..][..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Dir<'static> {
        Dir {
            device_type: 'M' as u16,
            device: 7,
            qid: Qid { kind: QTDIR, version: 3, path: 0x1122_3344_5566_7788 },
            mode: 0x8000_01ED,
            atime: 1,
            mtime: 2,
            length: 1 << 40,
            name: b"lib",
            uid: b"glenda",
            gid: b"sys",
            muid: b"",
        }
    }

    #[test]
    fn a_record_survives_its_encoding() {
        let mut buffer = [0; 200];
        let size = sample().write(&mut buffer).unwrap();
        assert_eq!(size, FIXED_SIZE + 12);
        assert_eq!(buffer[0], (size - 2) as u8);
        assert_eq!(buffer[33..41], (1u64 << 40).to_le_bytes());
        let (record, rest) = Dir::parse(&buffer[..size]).unwrap();
        assert_eq!((record, rest.len()), (sample(), 0));
    }

    #[test]
    fn a_cut_record_is_none_at_every_length() {
        let mut buffer = [0; 200];
        let size = sample().write(&mut buffer).unwrap();
        for cut in 0..size {
            assert_eq!(Dir::parse(&buffer[..cut]), None, "{cut} bytes");
            assert_eq!(sample().write(&mut [0; 200][..cut]), None);
        }
    }

    #[test]
    fn a_string_that_leaves_the_record_is_none() {
        let mut buffer = [0; 200];
        let size = sample().write(&mut buffer).unwrap();
        buffer[41] = 200;
        assert_eq!(Dir::parse(&buffer[..size]), None);
    }

    #[test]
    fn a_record_that_counts_too_much_is_none() {
        let mut buffer = [0; 200];
        let size = sample().write(&mut buffer).unwrap();
        buffer[0] += 1;
        assert_eq!(Dir::parse(&buffer[..=size]), None);
    }

    #[test]
    fn unchanged_is_all_ones() {
        let mut buffer = [0; FIXED_SIZE];
        assert_eq!(Dir::UNCHANGED.write(&mut buffer), Some(FIXED_SIZE));
        assert!(buffer[2..41].iter().all(|&b| b == 0xFF));
        assert!(buffer[41..].iter().all(|&b| b == 0));
    }
}
