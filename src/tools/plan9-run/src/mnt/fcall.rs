//! The messages of 9P2000 as the mount device sends and takes them (man 5/intro, `libc/9sys/convS2M.c`, `convM2S.c`).
//!
//! What a server answers is not trusted: a message that is not exactly one of the protocol's answers gives nothing.

use crate::dev::Qid;

/// `NOTAG`: the tag of version messages.
pub const NO_TAG: u16 = !0;
/// `NOFID`: attach without authentication.
pub const NO_FID: u32 = !0;
/// The most names in one walk (`MAXWELEM`).
pub const MAX_NAMES: usize = 16;
/// Size, type and tag: what every message begins with, in bytes.
pub const HEADER: usize = 7;
/// Room for what surrounds the data of reads and writes, in bytes (`IOHDRSZ`).
pub const IO_HEADER: u32 = 24;

/// A type's number; its answer's is one more.
mod kind {
    pub const VERSION: u8 = 100;
    pub const AUTH: u8 = 102;
    pub const ATTACH: u8 = 104;
    pub const ERROR: u8 = 106;
    pub const FLUSH: u8 = 108;
    pub const WALK: u8 = 110;
    pub const OPEN: u8 = 112;
    pub const CREATE: u8 = 114;
    pub const READ: u8 = 116;
    pub const WRITE: u8 = 118;
    pub const CLUNK: u8 = 120;
    pub const REMOVE: u8 = 122;
    pub const STAT: u8 = 124;
    pub const WSTAT: u8 = 126;
}

/// What is asked of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Version { msize: u32, version: String },
    Auth { afid: u32, user: String, tree: String },
    Flush { old: u16 },
    Attach { fid: u32, afid: u32, user: String, tree: String },
    Walk { fid: u32, new: u32, names: Vec<Vec<u8>> },
    Open { fid: u32, mode: u8 },
    Create { fid: u32, name: Vec<u8>, perm: u32, mode: u8 },
    Read { fid: u32, offset: u64, count: u32 },
    Write { fid: u32, offset: u64, data: Vec<u8> },
    Clunk { fid: u32 },
    Remove { fid: u32 },
    Stat { fid: u32 },
    Wstat { fid: u32, stat: Vec<u8> },
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Version {
        msize: u32,
        version: Vec<u8>,
    },
    Auth(Qid),
    Error(Vec<u8>),
    Flush,
    Attach(Qid),
    Walk(Vec<Qid>),
    /// The file, and the largest message that the server takes whole, 0 for any.
    Open(Qid, u32),
    Create(Qid, u32),
    Read(Vec<u8>),
    Write(u32),
    Clunk,
    Remove,
    Stat(Vec<u8>),
    Wstat,
}

fn string(to: &mut Vec<u8>, text: &[u8]) {
    // Names are shorter than 64K; a longer one is cut, and the message is over msize anyway.
    let n = u16::try_from(text.len()).unwrap_or(u16::MAX);
    to.extend(n.to_le_bytes());
    to.extend(&text[..usize::from(n)]);
}

impl Request {
    fn kind(&self) -> u8 {
        match self {
            Request::Version { .. } => kind::VERSION,
            Request::Auth { .. } => kind::AUTH,
            Request::Flush { .. } => kind::FLUSH,
            Request::Attach { .. } => kind::ATTACH,
            Request::Walk { .. } => kind::WALK,
            Request::Open { .. } => kind::OPEN,
            Request::Create { .. } => kind::CREATE,
            Request::Read { .. } => kind::READ,
            Request::Write { .. } => kind::WRITE,
            Request::Clunk { .. } => kind::CLUNK,
            Request::Remove { .. } => kind::REMOVE,
            Request::Stat { .. } => kind::STAT,
            Request::Wstat { .. } => kind::WSTAT,
        }
    }

    /// The message.
    pub fn encode(&self, tag: u16) -> Vec<u8> {
        let mut m = vec![0; 4];
        m.push(self.kind());
        m.extend(tag.to_le_bytes());
        match self {
            Request::Version { msize, version } => {
                m.extend(msize.to_le_bytes());
                string(&mut m, version.as_bytes());
            }
            Request::Auth { afid, user, tree } => {
                m.extend(afid.to_le_bytes());
                string(&mut m, user.as_bytes());
                string(&mut m, tree.as_bytes());
            }
            Request::Flush { old } => m.extend(old.to_le_bytes()),
            Request::Attach { fid, afid, user, tree } => {
                m.extend(fid.to_le_bytes());
                m.extend(afid.to_le_bytes());
                string(&mut m, user.as_bytes());
                string(&mut m, tree.as_bytes());
            }
            Request::Walk { fid, new, names } => {
                m.extend(fid.to_le_bytes());
                m.extend(new.to_le_bytes());
                m.extend((names.len() as u16).to_le_bytes());
                names.iter().for_each(|name| string(&mut m, name));
            }
            Request::Open { fid, mode } => {
                m.extend(fid.to_le_bytes());
                m.push(*mode);
            }
            Request::Create { fid, name, perm, mode } => {
                m.extend(fid.to_le_bytes());
                string(&mut m, name);
                m.extend(perm.to_le_bytes());
                m.push(*mode);
            }
            Request::Read { fid, offset, count } => {
                m.extend(fid.to_le_bytes());
                m.extend(offset.to_le_bytes());
                m.extend(count.to_le_bytes());
            }
            Request::Write { fid, offset, data } => {
                m.extend(fid.to_le_bytes());
                m.extend(offset.to_le_bytes());
                m.extend((data.len() as u32).to_le_bytes());
                m.extend(data);
            }
            Request::Clunk { fid } | Request::Remove { fid } | Request::Stat { fid } => {
                m.extend(fid.to_le_bytes());
            }
            Request::Wstat { fid, stat } => {
                m.extend(fid.to_le_bytes());
                string(&mut m, stat);
            }
        }
        let size = m.len() as u32;
        m[..4].copy_from_slice(&size.to_le_bytes());
        m
    }

    /// Whether a reply is one to this request, an error left out.
    pub fn is_answered_by(&self, reply: &Reply) -> bool {
        reply.kind() == self.kind() + 1
    }
}

/// Takes fields off the front.
struct Fields<'m>(&'m [u8]);

impl<'m> Fields<'m> {
    fn take(&mut self, n: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        let n = self.u16()?;
        self.take(n.into()).map(<[u8]>::to_vec)
    }

    fn qid(&mut self) -> Option<Qid> {
        let [kind] = self.array()?;
        let vers = self.u32()?;
        let path = u64::from_le_bytes(self.array()?);
        Some(Qid { path, vers, kind })
    }
}

impl Reply {
    fn kind(&self) -> u8 {
        1 + match self {
            Reply::Version { .. } => kind::VERSION,
            Reply::Auth(_) => kind::AUTH,
            Reply::Error(_) => kind::ERROR,
            Reply::Flush => kind::FLUSH,
            Reply::Attach(_) => kind::ATTACH,
            Reply::Walk(_) => kind::WALK,
            Reply::Open(..) => kind::OPEN,
            Reply::Create(..) => kind::CREATE,
            Reply::Read(_) => kind::READ,
            Reply::Write(_) => kind::WRITE,
            Reply::Clunk => kind::CLUNK,
            Reply::Remove => kind::REMOVE,
            Reply::Stat(_) => kind::STAT,
            Reply::Wstat => kind::WSTAT,
        }
    }

    /// A whole message with its tag; `None` if it is no answer of the protocol, or not exactly one.
    pub fn parse(message: &[u8]) -> Option<(u16, Reply)> {
        let mut f = Fields(message);
        if f.u32()? as usize != message.len() {
            return None;
        }
        let [kind] = f.array()?;
        let tag = f.u16()?;
        let reply = match kind.checked_sub(1)? {
            kind::VERSION => Reply::Version { msize: f.u32()?, version: f.string()? },
            kind::AUTH => Reply::Auth(f.qid()?),
            kind::ERROR => Reply::Error(f.string()?),
            kind::FLUSH => Reply::Flush,
            kind::ATTACH => Reply::Attach(f.qid()?),
            kind::WALK => {
                let n = f.u16()?;
                if usize::from(n) > MAX_NAMES {
                    return None;
                }
                Reply::Walk((0..n).map(|_| f.qid()).collect::<Option<_>>()?)
            }
            kind::OPEN => Reply::Open(f.qid()?, f.u32()?),
            kind::CREATE => Reply::Create(f.qid()?, f.u32()?),
            kind::READ => {
                let n = f.u32()?;
                Reply::Read(f.take(n as usize)?.to_vec())
            }
            kind::WRITE => Reply::Write(f.u32()?),
            kind::CLUNK => Reply::Clunk,
            kind::REMOVE => Reply::Remove,
            kind::STAT => Reply::Stat(f.string()?),
            kind::WSTAT => Reply::Wstat,
            _ => return None,
        };
        f.0.is_empty().then_some((tag, reply))
    }
}

/// What stands at the front of the bytes that came from a server.
#[derive(Debug, PartialEq, Eq)]
pub enum Front {
    /// Not a whole message yet.
    Partial,
    Message(u16, Reply),
    /// No message; it has been taken off, or all has been if nobody knows where it ends.
    Garbage,
}

/// Takes a message off the front of `bytes`, if there is a whole one (`port/devmnt.c:mntrpcread`).
pub fn take(bytes: &mut Vec<u8>, msize: u32) -> Front {
    let Some(head) = bytes.get(..HEADER) else { return Front::Partial };
    let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    if (size as usize) < HEADER || size > msize {
        bytes.clear();
        return Front::Garbage;
    }
    if bytes.len() < size as usize {
        return Front::Partial;
    }
    let message: Vec<u8> = bytes.drain(..size as usize).collect();
    match Reply::parse(&message) {
        Some((tag, reply)) => Front::Message(tag, reply),
        None => Front::Garbage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of a type with these fields.
    fn message(kind: u8, tag: u16, fields: &[u8]) -> Vec<u8> {
        let mut m = (HEADER as u32 + fields.len() as u32).to_le_bytes().to_vec();
        m.push(kind);
        m.extend(tag.to_le_bytes());
        m.extend(fields);
        m
    }

    #[test]
    fn requests_are_spelled_as_the_manual_says() {
        let version = Request::Version { msize: 0x2018, version: "9P2000".into() };
        assert_eq!(version.encode(NO_TAG), message(100, !0, b"\x18\x20\0\0\x06\09P2000"));
        let walk = Request::Walk { fid: 1, new: 2, names: vec![b"a".to_vec(), b"bc".to_vec()] };
        assert_eq!(walk.encode(5), message(110, 5, b"\x01\0\0\0\x02\0\0\0\x02\0\x01\0a\x02\0bc"));
        let create = Request::Create { fid: 1, name: b"n".to_vec(), perm: 0o644, mode: 1 };
        assert_eq!(create.encode(1), message(114, 1, b"\x01\0\0\0\x01\0n\xa4\x01\0\0\x01"));
        let write = Request::Write { fid: 3, offset: 4, data: b"xy".to_vec() };
        assert_eq!(write.encode(1), message(118, 1, b"\x03\0\0\0\x04\0\0\0\0\0\0\0\x02\0\0\0xy"));
        assert_eq!(Request::Flush { old: 7 }.encode(8), message(108, 8, b"\x07\0"));
    }

    #[test]
    fn replies_are_read_as_the_manual_says() {
        let qid = b"\x80\x01\0\0\0\x02\0\0\0\0\0\0\0";
        let file = Qid { path: 2, vers: 1, kind: 0x80 };
        let walk = [&b"\x01\0"[..], qid].concat();
        assert_eq!(Reply::parse(&message(111, 3, &walk)), Some((3, Reply::Walk(vec![file]))));
        let open = [&qid[..], b"\0\x20\0\0"].concat();
        assert_eq!(Reply::parse(&message(113, 3, &open)), Some((3, Reply::Open(file, 8192))));
        assert_eq!(
            Reply::parse(&message(117, 3, b"\x02\0\0\0hi")),
            Some((3, Reply::Read(b"hi".to_vec())))
        );
        assert_eq!(
            Reply::parse(&message(107, 3, b"\x02\0no")),
            Some((3, Reply::Error(b"no".to_vec())))
        );
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        // A request, an unknown type, a cut string, data behind the end, too many qids.
        for bad in [
            message(110, 3, b"\0\0\0\0\0\0\0\0\0\0"),
            message(255, 3, b""),
            message(0, 3, b""),
            message(107, 3, b"\x05\0no"),
            message(121, 3, b"x"),
            message(111, 3, &[&b"\x11\0"[..], &[0; 17 * 13]].concat()),
        ] {
            assert_eq!(Reply::parse(&bad), None, "{bad:?}");
        }
    }

    #[test]
    fn messages_come_in_any_pieces() {
        let whole = [message(121, 1, b""), message(119, 2, b"\x03\0\0\0")].concat();
        let mut bytes = Vec::new();
        let mut got = Vec::new();
        for byte in whole {
            bytes.push(byte);
            match take(&mut bytes, 8216) {
                Front::Partial => {}
                front => got.push(front),
            }
        }
        assert_eq!(got, [Front::Message(1, Reply::Clunk), Front::Message(2, Reply::Write(3))]);
    }

    /// Numbers that look random and are the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % n
        }

        fn bytes(&mut self, most: usize) -> Vec<u8> {
            (0..self.below(most)).map(|_| self.below(256) as u8).collect()
        }
    }

    #[test]
    fn no_bytes_of_a_server_do_harm() {
        let mut numbers = Numbers(1);
        for round in 0..20_000 {
            let mut bytes = match round % 2 {
                0 => numbers.bytes(200),
                _ => message(100 + numbers.below(30) as u8, 1, &numbers.bytes(100)),
            };
            // Each message takes something off; what is left is the start of one.
            loop {
                let before = bytes.len();
                match take(&mut bytes, 128) {
                    Front::Partial => break,
                    _ => assert!(bytes.len() < before),
                }
            }
            assert!(bytes.len() < 128);
        }
    }

    #[test]
    fn a_stretched_reply_is_none() {
        let mut numbers = Numbers(2);
        let mut read = 0;
        for _ in 0..20_000 {
            let mut fields = numbers.bytes(40);
            // Small counts, so that some are right.
            fields.iter_mut().take(4).for_each(|byte| *byte = (*byte).wrapping_mul(32) >> 5);
            let mut whole = message(100 + numbers.below(30) as u8, 1, &fields);
            if Reply::parse(&whole).is_some() {
                read += 1;
                whole.push(0);
                let size = whole.len() as u32;
                whole[..4].copy_from_slice(&size.to_le_bytes());
                assert_eq!(Reply::parse(&whole), None, "{whole:?}");
            }
        }
        assert!(read > 100, "{read}");
    }
}
