//! What a child shares with its parent, has a copy of, or starts without: the flags of its rfork,
//! and what is bound in its name space (`std::os::plan9::process`).

use plan9_abi::flags::rfork;

use super::fork_exec;
use crate::ffi::CString;
use crate::path::{Path, PathBuf};
use crate::sys::process::env::CommandEnv;
use crate::{fmt, io};

/// How a child stands to something of its parent's: both see what either changes, or the child
/// begins with a copy, or with nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Shared,
    Copied,
    Empty,
}

#[derive(Default)]
pub struct RforkOptions {
    pub own_notes: bool,
    /// `None`: a copy.
    pub environment: Option<Group>,
    /// `None`: shared, or a copy if the rest changes it.
    pub name_space: Option<Group>,
    binds: Vec<Bind>,
    pub no_devices: bool,
}

#[derive(Debug)]
struct Bind {
    new: PathBuf,
    old: PathBuf,
    /// As bind takes them.
    flags: u32,
}

impl RforkOptions {
    pub fn bind(&mut self, new: &Path, old: &Path, flags: u32) {
        self.binds.push(Bind { new: new.into(), old: old.into(), flags });
    }

    /// The flags of rfork, with these changes of the environment. What would change the parent's
    /// own is refused.
    pub fn groups(&self, env: &CommandEnv) -> io::Result<u32> {
        let mut flags = if self.own_notes { rfork::NOTEG } else { 0 };
        let changed = !env.is_unchanged();
        flags |= match self.environment.unwrap_or(Group::Copied) {
            Group::Shared if changed => {
                return Err(io::const_error!(
                    io::ErrorKind::InvalidInput,
                    "the environment that the child shares cannot be changed for it alone",
                ));
            }
            Group::Shared => 0,
            Group::Copied if !env.does_clear() => rfork::ENVG,
            Group::Copied | Group::Empty => rfork::CENVG,
        };
        let changed = !self.binds.is_empty() || self.no_devices || self.hides_other_variables(env);
        flags |=
            match self.name_space.unwrap_or(if changed { Group::Copied } else { Group::Shared }) {
                Group::Shared if changed => {
                    return Err(io::const_error!(
                        io::ErrorKind::InvalidInput,
                        "the name space that the child shares cannot be changed for it alone",
                    ));
                }
                Group::Shared => 0,
                Group::Copied => rfork::NAMEG,
                Group::Empty => rfork::CNAMEG,
            };
        Ok(flags)
    }

    /// Whether the child begins without variables, so that what other trees show in `/env` is to go
    /// as well: 9front binds the variables of `plan9.ini` there, `#ec`. A name space that the child
    /// is to share stays as it is.
    pub fn hides_other_variables(&self, env: &CommandEnv) -> bool {
        let empty = env.does_clear() && self.environment != Some(Group::Shared)
            || self.environment == Some(Group::Empty);
        empty && self.name_space != Some(Group::Shared)
    }

    pub fn binds(&self) -> io::Result<Vec<fork_exec::Bind>> {
        let binds = self.binds.iter().map(|asked| {
            Ok(fork_exec::Bind {
                new: c_string(asked.new.as_os_str().as_encoded_bytes())?,
                old: c_string(asked.old.as_os_str().as_encoded_bytes())?,
                flags: asked.flags,
            })
        });
        binds.collect()
    }

    /// Adds what was asked for to the fields of a command.
    pub fn show(&self, fields: &mut fmt::DebugStruct<'_, '_>) {
        if self.own_notes {
            fields.field("note_group", &Group::Empty);
        }
        if let Some(environment) = self.environment {
            fields.field("environment", &environment);
        }
        if let Some(name_space) = self.name_space {
            fields.field("name_space", &name_space);
        }
        if !self.binds.is_empty() {
            fields.field("binds", &self.binds);
        }
        if self.no_devices {
            fields.field("no_devices", &true);
        }
    }
}

/// Bytes as system calls take them; an error if there is a NUL among them.
pub fn c_string(bytes: &[u8]) -> io::Result<CString> {
    Ok(CString::new(bytes)?)
}
