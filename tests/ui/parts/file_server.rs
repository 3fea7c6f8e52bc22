//! A 9P server for the programs about mounts: it speaks over whatever can be read and written, keeps its files in memory,
//! and counts what it is asked. With it, the pipe that it is reached by, and the words of its refusals.
//!
//! A read of `/never` is not answered, nor one of a file `data` behind what one message holds; a request that [`INTERRUPT`]
//! asks for is not answered but broken; an open of `/locked` is refused, and one of `/end` ends the server.

#[path = "fields.rs"]
mod fields;

use fields::{Fields, put_text};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{PipeReader, Read, Write};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::os::plan9::errstr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

/// The proc whose next request is not answered: the server breaks its wait instead. 0 is none.
///
/// Only the server knows when that proc waits for it. An interrupt that the proc asks for beforehand breaks the first
/// wait of whatever kind, and on a system whose `/tmp` is a mount that is the walk through `/tmp`.
pub static INTERRUPT: AtomicU32 = AtomicU32::new(0);

/// The bytes that one message holds.
pub const ONE_MESSAGE: usize = 32_768;

/// Kinds of requests that no caller waits for by the call that it made (man 5/intro).
const FLUSH: u64 = 108;
const CLUNK: u64 = 120;

/// What the server has: paths from its root, which is "", with texts; a directory has none.
pub type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// A pipe's two ends, each for both ways, as Plan 9's are.
#[allow(dead_code, reason = "one program mounts a conversation")]
pub fn pipe() -> (OwnedFd, File) {
    let (one, other): (PipeReader, _) = std::io::pipe().unwrap();
    let other = OwnedFd::from(other);
    // SAFETY: the descriptor is nobody else's from here on.
    (OwnedFd::from(one), unsafe { File::from_raw_fd(other.into_raw_fd()) })
}

/// How a call failed, in the server's or the kernel's words.
pub fn refused<T>(result: std::io::Result<T>) -> String {
    assert!(result.is_err());
    errstr::last()
}

#[derive(Default)]
pub struct Server {
    tree: Tree,
    /// Which path each fid is, and whether it was opened.
    pub fids: BTreeMap<u64, String>,
    /// A read that is not answered.
    held: Option<u64>,
    pub most_fids: usize,
    pub most_names: u64,
    pub largest: usize,
    pub flushed: usize,
    /// Versions that were agreed on.
    pub versions: usize,
    ended: bool,
}

impl Server {
    pub fn new(tree: Tree) -> Server {
        Server { tree, ..Server::default() }
    }

    fn qid(&self, path: &str) -> Vec<u8> {
        let place = self.tree.keys().position(|key| key == path).unwrap() as u64;
        let mut qid = vec![if self.tree[path].is_none() { 0x80 } else { 0 }, 0, 0, 0, 0];
        qid.extend((path.len() as u64 * 1000 + place).to_le_bytes());
        qid
    }

    fn stat(&self, path: &str) -> Vec<u8> {
        let mut stat = vec![0; 6];
        stat.extend(self.qid(path));
        let directory = self.tree[path].is_none();
        let mode: u32 = if directory { 0x8000_01FF } else { 0o666 };
        stat.extend(mode.to_le_bytes());
        stat.extend([0; 8]);
        let length = self.tree[path].as_ref().map_or(0, Vec::len) as u64;
        stat.extend(length.to_le_bytes());
        put_text(&mut stat, path.rsplit('/').next().unwrap());
        ["server", "server", ""].iter().for_each(|owner| put_text(&mut stat, owner));
        let mut sized = (stat.len() as u16).to_le_bytes().to_vec();
        sized.extend(stat);
        sized
    }

    fn answer(
        &mut self,
        kind: u64,
        tag: u64,
        f: &mut Fields,
    ) -> Result<Option<Vec<u8>>, &'static str> {
        const MISSING: &str = "no such thing here";
        // A late clunk or flush belongs to an earlier call of the proc.
        let caller = if matches!(kind, FLUSH | CLUNK) { 0 } else { INTERRUPT.swap(0, SeqCst) };
        if caller != 0 {
            self.held = Some(tag);
            fs::write(format!("/proc/{caller}/ctl"), "interrupt").unwrap();
            return Ok(None);
        }
        let mut reply = Vec::new();
        match kind {
            100 => {
                self.versions += 1;
                reply.extend(f.take(4));
                put_text(&mut reply, "9P2000");
            }
            104 => {
                let fid = f.number(4);
                self.fids.insert(fid, String::new());
                reply = self.qid("");
            }
            FLUSH => {
                self.flushed += 1;
                let old = f.number(2);
                self.held.take_if(|tag| *tag == old);
            }
            110 => {
                let (fid, new, names) = (f.number(4), f.number(4), f.number(2));
                self.most_names = self.most_names.max(names);
                let mut path = self.fids[&fid].clone();
                let mut qids = Vec::new();
                for n in 0..names {
                    path = format!("{path}/{}", f.text());
                    match self.tree.contains_key(&path) {
                        true => qids.push(self.qid(&path)),
                        false if n == 0 => return Err(MISSING),
                        false => break,
                    }
                }
                if qids.len() as u64 == names {
                    self.fids.insert(new, path);
                    self.most_fids = self.most_fids.max(self.fids.len());
                }
                reply.extend((qids.len() as u16).to_le_bytes());
                qids.into_iter().for_each(|qid| reply.extend(qid));
            }
            112 => {
                let path = self.fids[&f.number(4)].clone();
                let mode = f.number(1);
                match path.as_str() {
                    "/locked" => return Err("locked by whoever it was"),
                    "/end" => {
                        self.ended = true;
                        return Ok(None);
                    }
                    _ => {}
                }
                if let Some(Some(text)) = self.tree.get_mut(&path).filter(|_| mode & 16 != 0) {
                    text.clear();
                }
                reply = self.qid(&path);
                reply.extend([0; 4]);
            }
            114 => {
                let fid = f.number(4);
                let path = format!("{}/{}", self.fids[&fid], f.text());
                let directory = f.number(4) & 0x8000_0000 != 0;
                self.tree.insert(path.clone(), (!directory).then(Vec::new));
                reply = self.qid(&path);
                reply.extend([0; 4]);
                self.fids.insert(fid, path);
            }
            116 => {
                let path = self.fids[&f.number(4)].clone();
                let (offset, count) = (f.number(8) as usize, f.number(4) as usize);
                if path == "/never" || path.ends_with("/data") && offset >= ONE_MESSAGE {
                    self.held = Some(tag);
                    return Ok(None);
                }
                let data = match &self.tree[&path] {
                    Some(text) => text.clone(),
                    None => {
                        let inside = |key: &&String| {
                            key.strip_prefix(&format!("{path}/"))
                                .is_some_and(|name| !name.contains('/'))
                        };
                        self.tree.keys().filter(inside).flat_map(|key| self.stat(key)).collect()
                    }
                };
                let from = offset.min(data.len());
                let part = &data[from..data.len().min(from + count)];
                reply.extend((part.len() as u32).to_le_bytes());
                reply.extend(part);
            }
            118 => {
                let path = self.fids[&f.number(4)].clone();
                let (offset, count) = (f.number(8) as usize, f.number(4) as usize);
                if let Some(Some(text)) = self.tree.get_mut(&path) {
                    text.resize(offset, 0);
                    text.extend(f.take(count));
                }
                reply.extend((count as u32).to_le_bytes());
            }
            CLUNK => drop(self.fids.remove(&f.number(4))),
            122 => {
                let path = self.fids.remove(&f.number(4)).unwrap();
                self.tree.remove(&path);
            }
            124 => {
                let stat = self.stat(&self.fids[&f.number(4)]);
                reply.extend((stat.len() as u16).to_le_bytes());
                reply.extend(stat);
            }
            _ => return Err("not here"),
        }
        Ok(Some(reply))
    }

    /// Until the connection ends, or it is told to. Gives itself back.
    pub fn serve(mut self, mut wire: impl Read + Write) -> Server {
        loop {
            let mut size = [0; 4];
            if wire.read_exact(&mut size).is_err() {
                return self;
            }
            let mut message = vec![0; u32::from_le_bytes(size) as usize - 4];
            wire.read_exact(&mut message).unwrap();
            self.largest = self.largest.max(message.len() + 4);
            let mut fields = Fields(&message);
            let (kind, tag) = (fields.number(1), fields.number(2));
            let (kind, fields) = match self.answer(kind, tag, &mut fields) {
                Ok(None) if self.ended => return self,
                Ok(None) => continue,
                Ok(Some(reply)) => (kind + 1, reply),
                Err(why) => {
                    let mut text = Vec::new();
                    put_text(&mut text, why);
                    (107, text)
                }
            };
            let mut whole = (7 + fields.len() as u32).to_le_bytes().to_vec();
            whole.push(kind as u8);
            whole.extend((tag as u16).to_le_bytes());
            whole.extend(fields);
            wire.write_all(&whole).unwrap();
        }
    }
}
