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
mod tests;
