//! The host's files under the machine's root.
//!
//! What a program may do to a file is what the host lets the user who runs the machine do; the rest follows Plan 9: a
//! qid from the inode, times in seconds, no links. What no file of the host can be is refused, as a file server without
//! it does: append-only, and for one opener at a time. Otherwise a program that locks by such a file would not.

use super::{bytes, done};
use crate::chan::spelling;
use crate::dev::{
    Device, DeviceId, Entry, Error, Node, Pid, QTDIR, Qid, Result, Started, Value, error,
};
use crate::kernel::Kernel;
use plan9_abi::flags::{mode, open};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Host paths by number, and files that are open.
#[derive(Default)]
pub struct HostFiles {
    paths: Vec<PathBuf>,
    numbers: HashMap<PathBuf, u64>,
    /// Each with its path, which remove on close and wstat by descriptor need.
    opened: HashMap<u64, (File, PathBuf)>,
    last_open: u64,
}

/// Its letter.
pub const LETTER: char = 'U';
/// In `aux`, the mark of an opened file's number.
const OPENED: u64 = 1 << 63;

impl HostFiles {
    fn number(&mut self, path: PathBuf) -> u64 {
        let next = self.paths.len() as u64;
        *self.numbers.entry(path).or_insert_with_key(|path| {
            self.paths.push(path.clone());
            next
        })
    }
}

/// The host's files.
pub struct Host;

/// A name as the host takes it.
fn host_name(name: &str) -> OsString {
    OsString::from_vec(spelling::bytes(name).into_owned())
}

/// The host's error, as a file server of Plan 9 says it.
pub(super) fn why(why: &io::Error) -> Error {
    match why.kind() {
        io::ErrorKind::NotFound => error("file does not exist"),
        io::ErrorKind::PermissionDenied => error("permission denied"),
        io::ErrorKind::AlreadyExists => error("file already exists"),
        io::ErrorKind::IsADirectory => error("is a directory"),
        io::ErrorKind::NotADirectory => error("not a directory"),
        io::ErrorKind::DirectoryNotEmpty => error("directory not empty"),
        io::ErrorKind::InvalidFilename => error("name too long"),
        io::ErrorKind::StorageFull => error("file system full"),
        _ => Error(format!("i/o error: {why}").into()),
    }
}

/// Whether the host's files can have this mode; DMTMP asks for nothing.
fn can_be(wanted: u32) -> Result<()> {
    match wanted {
        _ if wanted & mode::APPEND != 0 => {
            Err(error("no file of the host can be append-only (DMAPPEND); --ramfs has such files"))
        }
        _ if wanted & mode::EXCL != 0 => {
            Err(error("no file of the host can be exclusive (DMEXCL); --ramfs has such files"))
        }
        _ => Ok(()),
    }
}

/// Whether a file is below the machine's /tmp.
fn is_temporary(k: &Kernel, path: &Path) -> bool {
    path.strip_prefix(&k.options.root).is_ok_and(|inside| inside.starts_with("tmp"))
}

fn qid(data: &Metadata) -> Qid {
    Qid {
        path: data.dev() << 48 ^ data.ino(),
        vers: data.mtime_nsec() as u32 ^ data.mtime() as u32,
        kind: if data.is_dir() { QTDIR } else { 0 },
    }
}

fn node(k: &mut Kernel, path: PathBuf) -> Result<Node> {
    let data = fs::metadata(&path).map_err(|e| why(&e))?;
    let aux = k.files.host.number(path);
    Ok(Node { device: DeviceId { letter: LETTER, instance: 0 }, qid: qid(&data), aux, fid: None })
}

fn path(k: &Kernel, node: &Node) -> Result<PathBuf> {
    if node.qid.kind & QTDIR != 0 && node.qid.path == 0 {
        return Ok(k.options.root.clone());
    }
    if let Some((_, path)) = k.files.host.opened.get(&node.aux) {
        return Ok(path.clone());
    }
    k.files.host.paths.get(node.aux as usize).cloned().ok_or(error("file does not exist"))
}

fn file<'k>(k: &'k Kernel, node: &Node) -> Result<&'k File> {
    k.files.host.opened.get(&node.aux).map(|(file, _)| file).ok_or(error("file not open"))
}

fn entry(k: &Kernel, name: String, data: &Metadata) -> Entry {
    let directory = if data.is_dir() { mode::DIR } else { 0 };
    Entry {
        qid: qid(data),
        mode: data.mode() & 0o777 | directory,
        atime: data.atime() as u32,
        mtime: data.mtime() as u32,
        length: if data.is_dir() { 0 } else { data.len() },
        name,
        uid: k.options.user.clone(),
        gid: k.options.user.clone(),
        muid: k.options.user.clone(),
    }
}

impl Device for Host {
    fn letter(&self) -> char {
        LETTER
    }

    fn attach(&self, k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        let root = k.options.root.clone();
        node(k, root)
    }

    fn walk(&self, k: &mut Kernel, pid: Pid, from: &Node, name: &str) -> Result<Node> {
        super::serve(k, pid);
        let path = path(k, from)?.join(host_name(name));
        node(k, path)
    }

    fn stat(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Entry> {
        super::serve(k, pid);
        if node.aux & OPENED != 0 {
            let data = file(k, node)?.metadata().map_err(|e| why(&e))?;
            return Ok(entry(k, ".".into(), &data));
        }
        let path = path(k, node)?;
        let data = fs::metadata(&path).map_err(|e| why(&e))?;
        let name = path.file_name().map_or("/".into(), |name| spelling::text(name.as_bytes()));
        Ok(entry(k, if path == k.options.root { "/".into() } else { name }, &data))
    }

    /// In the order of names; what the host cannot stat is left out.
    fn entries(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Vec<Entry>> {
        super::serve(k, pid);
        let path = path(k, node)?;
        let mut names: Vec<_> =
            fs::read_dir(path).map_err(|e| why(&e))?.filter_map(|item| item.ok()).collect();
        names.sort_by_key(|item| item.file_name());
        Ok(names
            .into_iter()
            .filter_map(|item| {
                let data = fs::metadata(item.path()).ok()?;
                Some(entry(k, spelling::text(item.file_name().as_bytes()), &data))
            })
            .collect())
    }

    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, how: u32) -> Started {
        super::serve(k, pid);
        if node.qid.kind & QTDIR != 0 {
            return Started::Done(Ok(Value::File(node.clone())));
        }
        let result = path(k, node).and_then(|path| {
            let access = how & 3;
            let kept = path.clone();
            if access == open::EXEC {
                let data = fs::metadata(&path).map_err(|e| why(&e))?;
                if data.mode() & 0o111 == 0 {
                    return Err(error("permission denied"));
                }
            }
            let file = OpenOptions::new()
                .read(access != open::WRITE)
                .write(matches!(access, open::WRITE | open::RDWR) || how & open::TRUNC != 0)
                .truncate(how & open::TRUNC != 0)
                .custom_flags(libc::O_NONBLOCK)
                .open(path)
                .map_err(|e| why(&e))?;
            Ok(opened(k, node, file, kept))
        });
        done(result, Value::File)
    }

    fn create(
        &self,
        k: &mut Kernel,
        pid: Pid,
        dir: &Node,
        name: &str,
        how: u32,
        perm: u32,
    ) -> Result<Node> {
        super::serve(k, pid);
        can_be(perm)?;
        let path = path(k, dir)?.join(host_name(name));
        if perm & mode::DIR != 0 {
            fs::create_dir(&path).map_err(|e| why(&e))?;
            let _ = fs::set_permissions(&path, fs::Permissions::from_mode(perm & 0o777));
            return node(k, path);
        }
        let file = OpenOptions::new()
            .read(how & 3 != open::WRITE)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(perm & 0o777)
            .open(&path)
            .map_err(|e| why(&e))?;
        let node = node(k, path.clone())?;
        Ok(opened(k, &node, file, path))
    }

    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, n: usize, offset: u64) -> Started {
        super::serve(k, pid);
        let mut buffer = vec![0; n];
        let result =
            file(k, node).and_then(|file| file.read_at(&mut buffer, offset).map_err(|e| why(&e)));
        match result {
            Ok(n) => {
                buffer.truncate(n);
                bytes(buffer)
            }
            Err(why) => Started::Done(Err(why)),
        }
    }

    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], offset: u64) -> Started {
        super::serve(k, pid);
        let result =
            file(k, node).and_then(|file| file.write_all_at(data, offset).map_err(|e| why(&e)));
        done(result.map(|()| data.len() as u64), Value::Count)
    }

    fn close(&self, k: &mut Kernel, node: &Node) {
        k.files.host.opened.remove(&node.aux);
    }

    fn remove(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<()> {
        super::serve(k, pid);
        let path = path(k, node)?;
        let name = path.file_name().map(|name| spelling::text(name.as_bytes()));
        let removed =
            if node.qid.kind & QTDIR != 0 { fs::remove_dir(path) } else { fs::remove_file(path) };
        removed.map_err(|e| match e.kind() {
            io::ErrorKind::DirectoryNotEmpty => {
                Error(format!("remove {}: has children", name.unwrap_or_default()).into())
            }
            _ => why(&e),
        })
    }

    /// Length, permissions, name and time of change change, in this order; owner and group stay as they are. The tree
    /// below /tmp is a ramfs on 9front, where the time of change is now if the message gives none
    /// (`cmd/ramfs.c:fswstat`); what else is of the host keeps its time.
    fn wstat(&self, k: &mut Kernel, pid: Pid, node: &Node, wanted: &Entry) -> Result<()> {
        super::serve(k, pid);
        let directory = node.qid.kind & QTDIR != 0;
        if directory && !matches!(wanted.length, 0 | u64::MAX) {
            return Err(error("permission denied"));
        }
        if wanted.mode != u32::MAX && (wanted.mode & mode::DIR != 0) != directory {
            return Err(error("wstat -- attempt to change qid.type"));
        }
        if wanted.mode != u32::MAX {
            can_be(wanted.mode)?;
        }
        let path = path(k, node)?;
        let new = path.with_file_name(host_name(&wanted.name));
        let renamed = !wanted.name.is_empty() && new != path;
        if renamed && new.exists() {
            return Err(error("file already exists"));
        }
        if wanted.length != u64::MAX && !directory {
            let file = OpenOptions::new().write(true).open(&path).map_err(|e| why(&e))?;
            file.set_len(wanted.length).map_err(|e| why(&e))?;
        }
        if wanted.mode != u32::MAX {
            let permissions = fs::Permissions::from_mode(wanted.mode & 0o777);
            fs::set_permissions(&path, permissions).map_err(|e| why(&e))?;
        }
        if renamed {
            fs::rename(&path, &new).map_err(|e| why(&e))?;
            for (_, kept) in k.files.host.opened.values_mut().filter(|(_, kept)| *kept == path) {
                kept.clone_from(&new);
            }
        }
        let path = if renamed { new } else { path };
        let time = match wanted.mtime {
            u32::MAX => is_temporary(k, &path).then(SystemTime::now),
            seconds => Some(UNIX_EPOCH + Duration::from_secs(seconds.into())),
        };
        if let Some(time) = time {
            // A file that cannot be read keeps its time where none is given.
            let set = File::open(&path).and_then(|file| file.set_modified(time));
            if wanted.mtime != u32::MAX {
                set.map_err(|e| why(&e))?;
            }
        }
        Ok(())
    }
}

fn opened(k: &mut Kernel, node: &Node, file: File, path: PathBuf) -> Node {
    let host = &mut k.files.host;
    host.last_open += 1;
    let aux = OPENED | host.last_open;
    host.opened.insert(aux, (file, path));
    Node { aux, ..node.clone() }
}
