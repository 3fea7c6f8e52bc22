//! Procs as files, device `#p` (`port/devproc.c`).

use super::{NOBODY, bytes, count, entry, node, number, part, proc_ctl, proc_debug};
use crate::chan;
use crate::dev::{Device, Entry, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::kernel::exits::Await;
use crate::kernel::{Kernel, NoteKind, Shown, quote};
use plan9_abi::flags::open;
use plan9_abi::layout::ERRMAX;

const EXITED: Error = error("process exited");
const NOT_EXIST: Error = error("file does not exist");
/// What every proc runs at here.
const PRIORITY: u64 = 10;

/// The device.
pub struct ProcDevice;

/// The files of a proc with their permissions, those for debuggers left out.
const PLAIN: &[(&str, u32)] = &[
    ("args", 0o644),
    ("ctl", 0o000),
    ("fd", 0o444),
    ("note", 0o000),
    ("noteid", 0o664),
    ("notepg", 0o000),
    ("ns", 0o444),
    ("ppid", 0o444),
    ("segment", 0o444),
    ("status", 0o444),
    ("text", 0o000),
    ("wait", 0o400),
];

/// All files of a proc.
fn files() -> impl Iterator<Item = (&'static str, u32)> {
    PLAIN.iter().chain(proc_debug::FILES).copied()
}

/// In the qid's path: the pid, and below it the file's place in the list and one; 0 is the proc's directory.
const PLACE_BITS: u32 = 8;

fn split(node: &Node) -> (Pid, Option<&'static str>) {
    let place = (node.qid.path & ((1 << PLACE_BITS) - 1)) as usize;
    let name = place.checked_sub(1).and_then(|place| files().nth(place)).map(|(name, _)| name);
    ((node.qid.path >> PLACE_BITS) as Pid, name)
}

fn node_of(pid: Pid, place: usize) -> Node {
    let kind = if place == 0 { QTDIR } else { 0 };
    node('p', u64::from(pid) << PLACE_BITS | place as u64, kind)
}

impl Device for ProcDevice {
    fn letter(&self) -> char {
        'p'
    }

    fn attach(&self, _k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        Ok(node('p', 0, QTDIR))
    }

    fn walk(&self, k: &mut Kernel, _pid: Pid, from: &Node, name: &str) -> Result<Node> {
        match split(from) {
            (0, _) => {
                let pid: Pid = name.parse().map_err(|_| NOT_EXIST)?;
                k.proc(pid).ok_or(NOT_EXIST)?;
                Ok(node_of(pid, 0))
            }
            (pid, _) => {
                k.proc(pid).ok_or(EXITED)?;
                let place = files().position(|(file, _)| file == name);
                let place = place.filter(|_| name != "notefpregs" || !k.options.old());
                Ok(node_of(pid, place.ok_or(NOT_EXIST)? + 1))
            }
        }
    }

    fn stat(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<Entry> {
        match split(node) {
            (0, _) => Ok(entry(k, node, "#p", 0o555, 0)),
            (pid, None) => Ok(entry(k, node, &pid.to_string(), 0o555, 0)),
            (pid, Some(name)) => {
                k.proc(pid).ok_or(EXITED)?;
                let mode = files().find(|&(file, _)| file == name).map_or(0, |file| file.1);
                // What is private follows the proc's own mode, 0640 at first.
                Ok(entry(k, node, name, if mode == 0 { 0o640 } else { mode }, 0))
            }
        }
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Vec<Entry>> {
        let nodes: Vec<Node> = match split(node) {
            (0, _) => k.procs.keys().map(|&pid| node_of(pid, 0)).collect(),
            (of, _) => (1..=files().count()).map(|place| node_of(of, place)).collect(),
        };
        nodes.iter().map(|node| self.stat(k, pid, node)).collect()
    }

    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, mode: u32) -> Started {
        let (of, name) = split(node);
        if of != 0 && k.proc(of).is_none() {
            return Started::Done(Err(EXITED));
        }
        if name.is_some() && of != pid && !may_see_others(k, pid) {
            return Started::Done(Err(error("permission denied")));
        }
        let access = mode & 3;
        let refused = match name {
            Some("fd" | "ns" | "ppid" | "segment" | "status" | "wait") => access != open::READ,
            Some("notefpregs" | "profile") => access != open::READ,
            Some("notepg") => access != open::WRITE,
            Some("text") => {
                // The executable itself, as the file it came from.
                let text = k.proc(of).map_or(String::new(), |proc| proc.text.clone());
                return match chan::open_node(k, pid, &text, mode) {
                    Ok(node) if access != open::WRITE && access != open::RDWR => {
                        Started::Done(Ok(Value::File(node)))
                    }
                    Ok(_) => Started::Done(Err(error("permission denied"))),
                    Err(why) => Started::Done(Err(why)),
                };
            }
            _ => false,
        };
        if refused {
            return Started::Done(Err(error("permission denied")));
        }
        let mut node = node.clone();
        if name == Some("notepg") {
            // The group is the one the proc is in now.
            node.aux = k.proc(of).map_or(0, |proc| proc.noteid.into());
        }
        Started::Done(Ok(Value::File(node)))
    }

    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, n: usize, offset: u64) -> Started {
        let (of, name) = split(node);
        let Some(proc) = k.proc(of) else { return Started::Done(Err(EXITED)) };
        match name {
            Some("args") => {
                let text = if proc.args_set {
                    proc.args.clone()
                } else {
                    let words = proc.args.split(|&b| b == 0);
                    let mut words: Vec<Vec<u8>> = words.map(quote::quoted).collect();
                    words.pop();
                    words.join(&b' ')
                };
                part(&text, n, offset)
            }
            Some("noteid") => part(&number(proc.noteid.into()), n, offset),
            Some("ppid") => part(&number(proc.ppid.into()), n, offset),
            Some("status") => part(&status(k, of), n, offset),
            Some(name) if proc_debug::has(name) => proc_debug::read(k, of, name, n, offset),
            Some("segment") => part(&segments(k, of), n, offset),
            Some("fd") => part(line_at(&descriptors(k, of), offset), n, offset),
            Some("ns") => part(line_at(&namespace(k, of), offset), n, offset),
            Some("note") if n == 0 => Started::Done(Err(error("read or write too small"))),
            Some("note") => match k.take_note(of) {
                // The text, cut, and its NUL.
                Some(mut text) => {
                    text.truncate(n - 1);
                    text.push(0);
                    bytes(text)
                }
                None => bytes(Vec::new()),
            },
            Some("wait") => Started::Blocked(Box::new(Await { of, owner: false })),
            Some("ctl") => part(&number(of.into()), n, offset),
            _ => {
                let _ = pid;
                Started::Done(Err(error("permission denied")))
            }
        }
    }

    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], offset: u64) -> Started {
        let (of, name) = split(node);
        if k.proc(of).is_none() {
            return Started::Done(Err(EXITED));
        }
        if let Some(name) = name.filter(|name| proc_debug::has(name)) {
            return proc_debug::write(k, of, name, data, offset);
        }
        let text = data.split(|&b| b == 0).next().unwrap_or(data);
        let result = match name {
            Some("note") if data.len() >= ERRMAX => Err(error("read or write too large")),
            Some("note") => {
                let posted = k.post_note(of, text, NoteKind::User);
                let result = posted.map(|()| data.len() as u64);
                return match k.posted(of, pid, result.clone()) {
                    Some(rest) => Started::Blocked(Box::new(rest)),
                    None => Started::Done(result.map(Value::Count)),
                };
            }
            Some("notepg") if data.len() >= ERRMAX => Err(error("read or write too large")),
            Some("notepg") => k.post_note_group(node.aux as u32, text, pid),
            Some("ctl") => return proc_ctl::control(k, of, data),
            Some("args") if offset != 0 || data.len() >= ERRMAX => {
                Err(error("read or write too large"))
            }
            Some("args") => {
                if let Some(proc) = k.procs.get_mut(&of) {
                    let text = String::from_utf8_lossy(text);
                    proc.args = format!("{} [{text}]", proc.name).into_bytes();
                    proc.args_set = true;
                }
                Ok(())
            }
            Some("noteid") => {
                let wanted = String::from_utf8_lossy(text).trim().parse::<u32>().ok();
                let known = |id: &u32| *id == of || k.procs.values().any(|p| p.noteid == *id);
                match wanted {
                    None | Some(0) => Err(error("bad arg in system call")),
                    Some(id) if known(&id) => {
                        if let Some(proc) = k.procs.get_mut(&of) {
                            proc.noteid = id;
                        }
                        Ok(())
                    }
                    Some(_) => Err(error("permission denied")),
                }
            }
            _ => Err(error("permission denied")),
        };
        match result {
            Ok(()) => count(data.len()),
            Err(why) => Started::Done(Err(why)),
        }
    }
}

/// The user `none` opens no other proc's files (`port/devproc.c:nonone`).
fn may_see_others(k: &Kernel, pid: Pid) -> bool {
    let user = k.proc(pid).map_or("", |proc| proc.user.as_str());
    user != NOBODY || user == k.options.user
}

/// 176 bytes: name, user, state; then user, system and real time of the proc and of its children in milliseconds, KiB of
/// memory, base and present priority.
fn status(k: &Kernel, of: Pid) -> Vec<u8> {
    let Some(proc) = k.proc(of) else { return Vec::new() };
    let [user, system, real] = proc.times(k.mono_ns());
    let [child_user, child_system] = proc.children_times();
    let mut text = format!("{:<27} {:<27} {:<11} ", proc.name, proc.user, proc.state());
    let kib = proc.resident() / 1024;
    for value in [user, system, real, child_user, child_system, 0, kib, PRIORITY] {
        text += &format!("{value:11} ");
    }
    text += &format!("{PRIORITY:11}\n");
    text.into_bytes()
}

/// A line for each segment; of 41 bytes where the addresses have twelve figures.
fn segments(k: &Kernel, of: Pid) -> Vec<u8> {
    let mut text = String::new();
    for Shown { name, writable, base, top, users } in k.segments(of) {
        let read_only = if writable { ' ' } else { 'R' };
        text += &format!("{name:<6} {read_only}  {base:>8x} {top:>8x} {users:>4}\n");
    }
    text.into_bytes()
}

/// What of a text a read at that offset can reach: such files give a line at a time, however much is asked for
/// (`port/devproc.c:procread`, `readfd1`, `readns1`).
fn line_at(text: &[u8], offset: u64) -> &[u8] {
    let rest = text.get(offset as usize..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(text.len(), |at| offset as usize + at + 1);
    &text[..end]
}

fn descriptors(k: &Kernel, of: Pid) -> Vec<u8> {
    let Some(groups) = k.files.groups.get(&of) else { return Vec::new() };
    let mut text = format!("{}\n", groups.dot);
    for (fd, slot) in groups.fds.borrow().iter() {
        let chan = &slot.chan;
        let mode = ["r ", " w", "rw", "r "][(chan.mode & 3) as usize];
        let (letter, qid) = (chan.node.device.letter, chan.node.qid);
        let offset = chan.offset.get();
        text += &format!(
            "{fd:3} {mode} {letter} {:4} ({:016x} {} {:02x}) {:5} {offset:8} {}\n",
            chan.node.device.instance, qid.path, qid.vers, qid.kind, 0, chan.path
        );
    }
    text.into_bytes()
}

fn namespace(k: &Kernel, of: Pid) -> Vec<u8> {
    let Some(groups) = k.files.groups.get(&of) else { return Vec::new() };
    let mut text = String::new();
    for (at, members) in &groups.namespace.borrow().mounts {
        for (place, member) in members.iter().enumerate() {
            let flag = match (place, member.create) {
                (0, true) => "-c ",
                (0, false) => "",
                (_, true) => "-ac ",
                (_, false) => "-a ",
            };
            text += &match member.tree.as_deref() {
                None => format!("bind {flag}{} {at}\n", member.name),
                Some("") => format!("mount {flag}{} {at}\n", member.name),
                Some(tree) => format!("mount {flag}{} {at} {tree}\n", member.name),
            };
        }
    }
    (text + &format!("cd {}\n", groups.dot)).into_bytes()
}
