//! Environment variables, device `#e` (`port/devenv.c`): the group of whoever asks, and as `#ec` the one that holds what
//! the machine was started with. That one is the host owner's to change; here nobody is, so nothing empties it.

use super::{count, done, entry, node};
use crate::chan::spelling;
use crate::dev::{Device, Entry, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::kernel::Kernel;
use plan9_abi::flags::open;
use std::collections::HashMap;

const NOT_EXIST: Error = error("file does not exist");
const DENIED: Error = error("permission denied");
/// The largest value, in bytes (`Maxenvsize`).
const MAX_VALUE: usize = 512 * 1024;
/// All values of a group, in bytes.
const MAX_GROUP: usize = 1024 * 1024;
/// The longest name, in bytes.
const MAX_NAME: usize = 127;

#[derive(Clone)]
struct Variable {
    name: String,
    value: Vec<u8>,
    path: u64,
    version: u32,
}

#[derive(Clone, Default)]
struct Group {
    procs: usize,
    variables: Vec<Variable>,
}

/// The environment groups of all procs.
#[derive(Default)]
pub struct Environments {
    groups: HashMap<u32, Group>,
    last_group: u32,
    last_path: u64,
    /// The group of `#ec`.
    configuration: u32,
}

impl Environments {
    /// Fills the group of `#ec`, as the kernel does from plan9.ini.
    pub fn configure(&mut self) {
        self.configuration = self.add(Group::default());
        for (name, value) in [("bootargs", "local!/dev/sdC0/fs"), ("console", "0")] {
            self.set(self.configuration, name, value.into());
        }
    }

    fn add(&mut self, group: Group) -> u32 {
        self.last_group += 1;
        self.groups.insert(self.last_group, Group { procs: 1, ..group });
        self.last_group
    }

    /// A group for the first proc, with what a terminal sets and the host's own variables under their names; and with
    /// `given`, in the place of those.
    pub fn seed(&mut self, user: &str, given: &[(String, Vec<u8>)]) -> u32 {
        let group = self.add(Group::default());
        for (name, value) in std::env::vars() {
            if name.len() <= MAX_NAME && !name.contains('/') && name != "PATH" {
                self.set(group, &name, value.into_bytes());
            }
        }
        for (name, value) in [
            ("path", "/bin\0."),
            ("user", user),
            ("home", "/tmp"),
            ("objtype", "amd64"),
            ("cputype", "amd64"),
            ("sysname", "gnot"),
            ("service", "terminal"),
        ] {
            self.set(group, name, value.into());
        }
        for (name, value) in given {
            if let Some(members) = self.groups.get_mut(&group) {
                members.variables.retain(|variable| variable.name != *name);
            }
            self.set(group, name, value.clone());
        }
        group
    }

    fn set(&mut self, group: u32, name: &str, value: Vec<u8>) -> u64 {
        self.last_path += 1;
        let path = self.last_path;
        if let Some(group) = self.groups.get_mut(&group) {
            group.variables.push(Variable { name: name.into(), value, path, version: 0 });
        }
        path
    }

    /// One proc more uses the group.
    pub fn share(&mut self, group: u32) -> u32 {
        if let Some(group) = self.groups.get_mut(&group) {
            group.procs += 1;
        }
        group
    }

    /// A group of its own with the same variables.
    pub fn copy(&mut self, group: u32) -> u32 {
        let copy = self.groups.get(&group).cloned().unwrap_or_default();
        self.add(copy)
    }

    pub fn empty(&mut self) -> u32 {
        self.add(Group::default())
    }

    /// A proc leaves the group; the last one takes it along.
    pub fn release(&mut self, group: u32) {
        if let Some(members) = self.groups.get_mut(&group) {
            members.procs -= 1;
            if members.procs == 0 {
                self.groups.remove(&group);
            }
        }
    }
}

/// The device.
pub struct Environment;

fn group(k: &mut Kernel, pid: Pid, node: &Node) -> Result<u32> {
    match node.aux {
        0 => k.files.groups.get(&pid).map(|groups| groups.environment).ok_or(NOT_EXIST),
        group => Ok(group as u32),
    }
}

/// The caller may not change what a file stands for.
fn is_fixed(k: &Kernel, node: &Node) -> bool {
    node.aux == u64::from(k.files.environments.configuration)
}

/// A file of the same group as `from`.
fn beside(from: &Node, path: u64) -> Node {
    Node { aux: from.aux, ..node('e', path, 0) }
}

fn variable<'k>(k: &'k mut Kernel, pid: Pid, node: &Node) -> Result<&'k mut Variable> {
    let group = group(k, pid, node)?;
    let members = k.files.environments.groups.get_mut(&group).ok_or(NOT_EXIST)?;
    members.variables.iter_mut().find(|var| var.path == node.qid.path).ok_or(NOT_EXIST)
}

/// The bytes of all values in the group of a file.
fn all_values(k: &mut Kernel, pid: Pid, node: &Node) -> usize {
    let members = group(k, pid, node).ok().and_then(|id| k.files.environments.groups.get(&id));
    members.map_or(0, |group| group.variables.iter().map(|var| var.value.len()).sum())
}

impl Device for Environment {
    fn letter(&self) -> char {
        'e'
    }

    fn attach(&self, k: &mut Kernel, _pid: Pid, spec: &str) -> Result<Node> {
        match spec {
            "" => Ok(node('e', 0, QTDIR)),
            "c" => {
                let aux = k.files.environments.configuration.into();
                Ok(Node { aux, ..node('e', 0, QTDIR) })
            }
            _ => Err(error("bad arg in system call")),
        }
    }

    fn walk(&self, k: &mut Kernel, pid: Pid, from: &Node, name: &str) -> Result<Node> {
        let group = group(k, pid, from)?;
        let members = k.files.environments.groups.get(&group).ok_or(NOT_EXIST)?;
        let found = members.variables.iter().find(|variable| variable.name == name);
        found.map(|variable| beside(from, variable.path)).ok_or(NOT_EXIST)
    }

    fn stat(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Entry> {
        if node.qid.kind & QTDIR != 0 {
            return Ok(entry(k, node, "#e", 0o775, 0));
        }
        let found = variable(k, pid, node)?;
        let (name, length, version) = (found.name.clone(), found.value.len(), found.version);
        let mode = if is_fixed(k, node) { 0o664 } else { 0o666 };
        let mut entry = entry(k, node, &name, mode, length as u64);
        entry.qid.vers = version;
        Ok(entry)
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, from: &Node) -> Result<Vec<Entry>> {
        let group = group(k, pid, from)?;
        let members = k.files.environments.groups.get(&group).ok_or(NOT_EXIST)?;
        let paths: Vec<u64> = members.variables.iter().map(|variable| variable.path).collect();
        paths.into_iter().map(|path| self.stat(k, pid, &beside(from, path))).collect()
    }

    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, mode: u32) -> Started {
        if node.qid.kind & QTDIR != 0 {
            return Started::Done(Ok(Value::File(node.clone())));
        }
        if mode != open::READ && is_fixed(k, node) {
            return Started::Done(Err(DENIED));
        }
        let mut node = node.clone();
        let result = group(k, pid, &node).and_then(|group| {
            node.aux = group.into();
            let variable = variable(k, pid, &node)?;
            if mode & open::TRUNC != 0 {
                variable.value.clear();
                variable.version += 1;
            }
            Ok(node)
        });
        done(result, Value::File)
    }

    /// Modes are ignored, a directory becomes a plain file too.
    fn create(
        &self,
        k: &mut Kernel,
        pid: Pid,
        dir: &Node,
        name: &str,
        _mode: u32,
        _perm: u32,
    ) -> Result<Node> {
        if is_fixed(k, dir) {
            return Err(DENIED);
        }
        if spelling::bytes(name).len() > MAX_NAME {
            return Err(error("name too long"));
        }
        let group = group(k, pid, dir)?;
        let path = k.files.environments.set(group, name, Vec::new());
        let mut node = node('e', path, 0);
        node.aux = group.into();
        Ok(node)
    }

    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, n: usize, offset: u64) -> Started {
        match variable(k, pid, node) {
            Ok(variable) => super::part(&variable.value, n, offset),
            Err(why) => Started::Done(Err(why)),
        }
    }

    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], offset: u64) -> Started {
        let all = all_values(k, pid, node);
        let variable = match variable(k, pid, node) {
            Ok(variable) => variable,
            Err(why) => return Started::Done(Err(why)),
        };
        if offset > MAX_VALUE as u64 || data.len() > MAX_VALUE - offset as usize {
            return Started::Done(Err(error("read or write too large")));
        }
        let end = offset as usize + data.len();
        if all + end.saturating_sub(variable.value.len()) > MAX_GROUP {
            return Started::Done(Err(error("kernel allocate failed")));
        }
        if variable.value.len() < end {
            variable.value.resize(end, 0);
        }
        variable.value[offset as usize..end].copy_from_slice(data);
        variable.version += 1;
        count(data.len())
    }

    fn remove(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<()> {
        if node.qid.kind & QTDIR != 0 || is_fixed(k, node) {
            return Err(DENIED);
        }
        let group = group(k, pid, node)?;
        let members = k.files.environments.groups.get_mut(&group).ok_or(NOT_EXIST)?;
        let place = members.variables.iter().position(|var| var.path == node.qid.path);
        members.variables.remove(place.ok_or(NOT_EXIST)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_replaces_what_is_there() {
        let mut all = Environments::default();
        let group = all.seed("glenda", &[("user".into(), b"gnot".to_vec())]);
        let variables = &all.groups[&group].variables;
        let values: Vec<_> = variables.iter().filter(|var| var.name == "user").collect();
        assert_eq!(values.len(), 1);
        assert_eq!(values[0].value, b"gnot");
    }

    #[test]
    fn copies_part_ways_and_shared_groups_do_not() {
        let mut all = Environments::default();
        let first = all.empty();
        all.set(first, "a", b"1".to_vec());
        let copy = all.copy(first);
        let shared = all.share(first);
        all.set(first, "b", b"2".to_vec());
        assert_eq!(all.groups[&copy].variables.len(), 1);
        assert_eq!(all.groups[&shared].variables.len(), 2);
        all.release(first);
        assert!(all.groups.contains_key(&first));
        all.release(first);
        assert!(!all.groups.contains_key(&first));
    }
}
