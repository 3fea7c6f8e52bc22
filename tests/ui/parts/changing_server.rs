//! A 9P server for the programs about changes of names: its files can be renamed, and a rule decides what becomes of a
//! request. As ramfs does, it sets the time of a file at every wstat that does not give one.
//!
//! A file called `stream` gives the bytes that come next at every read, and one called `queue` keeps what it is given,
//! message by message; neither has a length, as another machine's pipe has none.

#[path = "fields.rs"]
mod fields;

use fields::{Fields, put_text};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::os::plan9::namespace::{Mount, Union};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// What the server sets as the time of a file, in seconds since 1970.
pub const NOW: u32 = 2_000_000_000;

/// The kinds of requests, by their numbers in 9P.
pub const CREATE: u8 = 114;
pub const READ: u8 = 116;
pub const WRITE: u8 = 118;
pub const REMOVE: u8 = 122;
pub const WSTAT: u8 = 126;

const DIRECTORY: u32 = 1 << 31;

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    Answer,
    /// Nothing is done.
    Refuse(&'static str),
    /// It is done, and the answer is an error all the same.
    DoAndRefuse(&'static str),
}

/// A request that can be refused: its kind, its file's path, the name that it gives, and the time.
pub struct Asked<'a> {
    pub kind: u8,
    pub path: &'a str,
    pub name: &'a str,
    pub mtime: Option<u32>,
}

type Rule = Box<dyn FnMut(&Asked<'_>) -> Order + Send>;

#[derive(Clone)]
struct Node {
    number: u64,
    mode: u32,
    mtime: u32,
    data: Vec<u8>,
}

/// What the program sees of the server.
pub struct State {
    files: BTreeMap<String, Node>,
    made: u64,
    /// How many bytes the stream has given.
    given: u64,
    /// The messages that the queue has.
    pub queue: Vec<Vec<u8>>,
    rule: Rule,
}

#[derive(Clone)]
pub struct Server(Arc<Mutex<State>>);

impl Server {
    /// Starts one with these directories, mounted at `at`.
    pub fn mounted(at: &str, directories: &[&str]) -> Server {
        let mut state = State {
            files: BTreeMap::new(),
            made: 0,
            given: 0,
            queue: Vec::new(),
            rule: Box::new(|_| Order::Answer),
        };
        state.make(String::new(), DIRECTORY | 0o777);
        for directory in directories {
            state.make(format!("/{directory}"), DIRECTORY | 0o777);
        }
        let server = Server(Arc::new(Mutex::new(state)));
        let (one, other): (PipeReader, _) = std::io::pipe().unwrap();
        // SAFETY: the descriptor is nobody else's from here on.
        let far = unsafe { File::from_raw_fd(OwnedFd::from(other).into_raw_fd()) };
        let serving = server.clone();
        thread::spawn(move || serving.serve(far));
        Mount::new(OwnedFd::from(one)).union(Union::Replace).create(true).on(at).unwrap();
        server
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What becomes of requests from now on.
    pub fn rule(&self, rule: impl FnMut(&Asked<'_>) -> Order + Send + 'static) {
        self.state().rule = Box::new(rule);
    }

    /// The paths of all files, with their texts.
    pub fn files(&self) -> String {
        let state = self.state();
        let files = state.files.iter().filter(|(_, node)| node.mode & DIRECTORY == 0);
        let shown = files.map(|(path, node)| {
            let path = if path.contains("/.rename.") { "(aside)" } else { path };
            format!("{path}={}", String::from_utf8_lossy(&node.data))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    fn serve(&self, mut wire: File) {
        let mut fids: BTreeMap<u64, u64> = BTreeMap::new();
        loop {
            let mut size = [0; 4];
            if wire.read_exact(&mut size).is_err() {
                return;
            }
            let mut message = vec![0; u32::from_le_bytes(size) as usize - 4];
            wire.read_exact(&mut message).unwrap();
            let mut fields = Fields(&message);
            let (kind, tag) = (fields.number(1) as u8, fields.number(2));
            let (kind, body) = match self.state().answer(kind, &mut fields, &mut fids) {
                Ok(body) => (kind + 1, body),
                Err(why) => {
                    let mut text = Vec::new();
                    put_text(&mut text, why);
                    (107, text)
                }
            };
            let mut whole = (7 + body.len() as u32).to_le_bytes().to_vec();
            whole.push(kind);
            whole.extend((tag as u16).to_le_bytes());
            whole.extend(body);
            wire.write_all(&whole).unwrap();
        }
    }
}

impl State {
    fn make(&mut self, path: String, mode: u32) -> u64 {
        self.made += 1;
        self.files.insert(path, Node { number: self.made, mode, mtime: NOW, data: Vec::new() });
        self.made
    }

    /// Where the file of a fid is by now.
    fn path(&self, fids: &BTreeMap<u64, u64>, fid: u64) -> Result<String, &'static str> {
        let number = fids.get(&fid).ok_or("unknown fid")?;
        let found = self.files.iter().find(|(_, node)| node.number == *number);
        found.map(|(path, _)| path.clone()).ok_or("file has been removed")
    }

    fn qid(&self, path: &str) -> Vec<u8> {
        let node = &self.files[path];
        let mut qid = vec![(node.mode >> 24) as u8, 0, 0, 0, 0];
        qid.extend(node.number.to_le_bytes());
        qid
    }

    fn stat(&self, path: &str) -> Vec<u8> {
        let node = &self.files[path];
        let mut stat = vec![0; 6];
        stat.extend(self.qid(path));
        stat.extend(node.mode.to_le_bytes());
        stat.extend(0u32.to_le_bytes());
        stat.extend(node.mtime.to_le_bytes());
        stat.extend((node.data.len() as u64).to_le_bytes());
        put_text(&mut stat, path.rsplit('/').next().unwrap());
        ["server", "server", ""].iter().for_each(|owner| put_text(&mut stat, owner));
        let mut sized = (stat.len() as u16).to_le_bytes().to_vec();
        sized.extend(stat);
        sized
    }

    fn inside<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a String> {
        self.files.keys().filter(move |key| {
            key.strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|name| !name.contains('/'))
        })
    }

    fn answer(
        &mut self,
        kind: u8,
        f: &mut Fields<'_>,
        fids: &mut BTreeMap<u64, u64>,
    ) -> Result<Vec<u8>, &'static str> {
        match kind {
            100 => {
                let mut reply = f.take(4).to_vec();
                put_text(&mut reply, "9P2000");
                return Ok(reply);
            }
            104 => {
                fids.insert(f.number(4), self.files[""].number);
                return Ok(self.qid(""));
            }
            108 => return Ok(Vec::new()),
            102 => return Err("no authentication here"),
            _ => {}
        }
        let fid = f.number(4);
        if kind == 120 {
            fids.remove(&fid);
            return Ok(Vec::new());
        }
        let path = self.path(fids, fid)?;
        // What the rule sees of it: a new file's name, or what a record changes.
        let (mut name, mut record) = ("", None);
        let body = f.0;
        match kind {
            CREATE => name = f.text(),
            WSTAT => {
                let _sizes = (f.number(2), f.number(2));
                let _kernel = (f.take(6), f.take(13));
                let (mode, _atime, mtime) = (f.number(4), f.number(4), f.number(4));
                let length = f.number(8);
                name = f.text();
                record = Some((mode as u32, mtime as u32, length));
            }
            _ => {}
        }
        let mtime = record.map(|(_, mtime, _)| mtime).filter(|&mtime| mtime != !0);
        let order = (self.rule)(&Asked { kind, path: &path, name, mtime });
        if let Order::Refuse(why) = order {
            return Err(why);
        }
        let reply = match (kind, record) {
            (WSTAT, Some(record)) => self.wstat(&path, name, record),
            (CREATE, _) => self.create(&path, name, f.number(4) as u32, fid, fids),
            _ => self.plain(kind, &path, &mut Fields(body), fid, fids),
        }?;
        match order {
            Order::DoAndRefuse(why) => Err(why),
            _ => Ok(reply),
        }
    }

    fn wstat(
        &mut self,
        path: &str,
        name: &str,
        (mode, mtime, length): (u32, u32, u64),
    ) -> Result<Vec<u8>, &'static str> {
        let new = match path.rsplit_once('/') {
            Some((directory, last)) if !name.is_empty() && name != last => {
                format!("{directory}/{name}")
            }
            _ => path.to_string(),
        };
        if new != path && self.files.contains_key(&new) {
            return Err("file already exists");
        }
        let mut node = self.files.remove(path).ok_or("file has been removed")?;
        if mode != !0 {
            node.mode = mode;
        }
        if length != !0 {
            node.data.resize(length as usize, 0);
        }
        node.mtime = if mtime == !0 { NOW } else { mtime };
        self.files.insert(new, node);
        Ok(Vec::new())
    }

    fn create(
        &mut self,
        path: &str,
        name: &str,
        mode: u32,
        fid: u64,
        fids: &mut BTreeMap<u64, u64>,
    ) -> Result<Vec<u8>, &'static str> {
        let new = format!("{path}/{name}");
        if self.files.contains_key(&new) {
            return Err("file already exists");
        }
        fids.insert(fid, self.make(new.clone(), mode));
        let mut reply = self.qid(&new);
        reply.extend([0; 4]);
        Ok(reply)
    }

    fn plain(
        &mut self,
        kind: u8,
        path: &str,
        f: &mut Fields<'_>,
        fid: u64,
        fids: &mut BTreeMap<u64, u64>,
    ) -> Result<Vec<u8>, &'static str> {
        let mut reply = Vec::new();
        match kind {
            110 => {
                let (new, names) = (f.number(4), f.number(2));
                let (mut at, mut qids) = (path.to_string(), Vec::new());
                for n in 0..names {
                    at = match f.text() {
                        ".." => at.rsplit_once('/').map_or("", |(above, _)| above).to_string(),
                        name => format!("{at}/{name}"),
                    };
                    match self.files.contains_key(&at) {
                        true => qids.push(self.qid(&at)),
                        false if n == 0 => return Err("file not found"),
                        false => break,
                    }
                }
                if qids.len() as u64 == names {
                    fids.insert(new, self.files[&at].number);
                }
                reply.extend((qids.len() as u16).to_le_bytes());
                qids.into_iter().for_each(|qid| reply.extend(qid));
            }
            112 => {
                if f.number(1) & 16 != 0 {
                    self.files.get_mut(path).unwrap().data.clear();
                }
                reply = self.qid(path);
                reply.extend([0; 4]);
            }
            READ => {
                let (offset, count) = (f.number(8) as usize, f.number(4) as usize);
                let data = if path == "/stream" {
                    let from = self.given;
                    self.given += count as u64;
                    (from..self.given).map(|n| (n % 251) as u8).collect()
                } else {
                    let all = if self.files[path].mode & DIRECTORY != 0 {
                        self.inside(path).flat_map(|key| self.stat(key)).collect()
                    } else {
                        self.files[path].data.clone()
                    };
                    let from = offset.min(all.len());
                    all[from..all.len().min(from + count)].to_vec()
                };
                reply.extend((data.len() as u32).to_le_bytes());
                reply.extend(data);
            }
            WRITE => {
                let (offset, count) = (f.number(8) as usize, f.number(4) as usize);
                let data = f.take(count);
                if path == "/queue" {
                    self.queue.push(data.to_vec());
                } else {
                    let node = self.files.get_mut(path).unwrap();
                    let end = node.data.len().max(offset + count);
                    node.data.resize(end, 0);
                    node.data[offset..offset + count].copy_from_slice(data);
                }
                reply.extend((count as u32).to_le_bytes());
            }
            REMOVE => {
                fids.remove(&fid);
                if self.inside(path).next().is_some() {
                    return Err("directory not empty");
                }
                self.files.remove(path);
            }
            124 => {
                let stat = self.stat(path);
                reply.extend((stat.len() as u16).to_le_bytes());
                reply.extend(stat);
            }
            _ => return Err("not here"),
        }
        Ok(reply)
    }
}
