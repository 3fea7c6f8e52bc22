//! What is to be run, as it is put together.

use plan9_abi::flags::open;

use super::fork_exec::{Image, Stream, Variable};
use super::reaper;
use super::reaper::Process;
use super::rfork_options::{Group, RforkOptions, c_string};
use crate::ffi::{CString, OsStr, OsString};
use crate::path::Path;
use crate::process::StdioPipes;
use crate::sys::fd::FileDesc;
use crate::sys::fs::File;
use crate::sys::pal::devices::open_device;
use crate::sys::pal::{cvt, os_string};
use crate::sys::paths::cwd::kernel_name;
use crate::sys::pipe::pipe;
use crate::sys::process::env::CommandEnv;
use crate::sys::process::{ChildPipe, CommandEnvs, CommandResolvedEnvs};
use crate::sys::{IntoInner, env as environment};
use crate::{env, fmt, io};

/// Where rc looks for programs if `$path` says nothing.
const DEFAULT_PATH: &[u8] = b"/bin\0.";

pub struct Command {
    program: OsString,
    /// The first is the program's own name.
    args: Vec<OsString>,
    env: CommandEnv,
    cwd: Option<OsString>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    pub rfork_options: RforkOptions,
}

#[derive(Debug)]
pub enum Stdio {
    Inherit,
    Null,
    MakePipe,
    /// The parent's descriptor of this number.
    Parent(i32),
    Fd(FileDesc),
}

impl Command {
    pub fn new(program: &OsStr) -> Command {
        Command {
            program: program.to_owned(),
            args: vec![program.to_owned()],
            env: CommandEnv::default(),
            cwd: None,
            stdin: None,
            stdout: None,
            stderr: None,
            rfork_options: RforkOptions::default(),
        }
    }

    /// What the program sees as its own name.
    pub fn set_arg_0(&mut self, name: &OsStr) {
        self.args[0] = name.to_owned();
    }

    pub fn arg(&mut self, arg: &OsStr) {
        self.args.push(arg.to_owned());
    }

    pub fn env_mut(&mut self) -> &mut CommandEnv {
        &mut self.env
    }

    pub fn cwd(&mut self, dir: &OsStr) {
        self.cwd = Some(dir.to_owned());
    }

    pub fn stdin(&mut self, stdin: Stdio) {
        self.stdin = Some(stdin);
    }

    pub fn stdout(&mut self, stdout: Stdio) {
        self.stdout = Some(stdout);
    }

    pub fn stderr(&mut self, stderr: Stdio) {
        self.stderr = Some(stderr);
    }

    pub fn get_program(&self) -> &OsStr {
        &self.program
    }

    pub fn get_args(&self) -> CommandArgs<'_> {
        CommandArgs { iter: self.args[1..].iter() }
    }

    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.env.iter()
    }

    /// What the child finds in `/env`, as far as this command decides it.
    pub fn get_resolved_envs(&self) -> CommandResolvedEnvs {
        CommandResolvedEnvs::new(match self.rfork_options.environment {
            Some(Group::Empty) => {
                let set = self.env.iter().filter_map(|(name, value)| Some((name, value?)));
                set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
            }
            Some(Group::Shared | Group::Copied) | None => self.env.capture(),
        })
    }

    pub fn get_env_clear(&self) -> bool {
        self.env.does_clear()
    }

    pub fn get_current_dir(&self) -> Option<&Path> {
        self.cwd.as_ref().map(Path::new)
    }

    pub fn spawn(
        &mut self,
        default: Stdio,
        needs_stdin: bool,
    ) -> io::Result<(Process, StdioPipes)> {
        let mut pipes = StdioPipes { stdin: None, stdout: None, stderr: None };
        let null = Stdio::Null;
        let stdin = if needs_stdin { &default } else { &null };
        let streams = [
            stream(0, self.stdin.as_ref().unwrap_or(stdin), &mut pipes.stdin)?,
            stream(1, self.stdout.as_ref().unwrap_or(&default), &mut pipes.stdout)?,
            stream(2, self.stderr.as_ref().unwrap_or(&default), &mut pipes.stderr)?,
        ];
        let image = Image {
            programs: self.programs()?,
            args: self
                .args
                .iter()
                .map(|arg| c_string(arg.as_encoded_bytes()))
                .collect::<io::Result<_>>()?,
            groups: self.rfork_options.groups(&self.env)?,
            hides_other_variables: self.rfork_options.hides_other_variables(&self.env),
            variables: self.variables()?,
            binds: self.rfork_options.binds()?,
            no_devices: self.rfork_options.no_devices,
            directory: self.directory()?,
            streams,
        };
        Ok((reaper::start(image)?, pipes))
    }

    /// As rc: a name that begins with `/`, `./`, `../` or `#` is that file, any other is looked for
    /// in the directories of `$path`, slashes in it or not.
    fn programs(&self) -> io::Result<Vec<CString>> {
        let name = self.program.as_encoded_bytes();
        if [&b"/"[..], b"./", b"../", b"#"].iter().any(|start| name.starts_with(start)) {
            return Ok(vec![c_string(name)?]);
        }
        let changed = self.env.iter().find(|(key, _)| *key == "path").and_then(|(_, value)| value);
        let path = match changed {
            Some(path) => Some(path.to_owned()),
            None => env::var_os("path"),
        };
        let path = path.unwrap_or_else(|| os_string(DEFAULT_PATH.to_vec()));
        let directories =
            path.as_encoded_bytes().split(|&byte| byte == 0).filter(|part| !part.is_empty());
        let programs: Vec<_> = directories
            .map(|directory| c_string(&[directory, b"/", name].concat()))
            .collect::<io::Result<_>>()?;
        if programs.is_empty() {
            return Err(io::const_error!(
                io::ErrorKind::NotFound,
                "$path names no directory to look for the program in",
            ));
        }
        Ok(programs)
    }

    /// As a path: only a name that begins with `/` is absolute.
    fn directory(&self) -> io::Result<Option<CString>> {
        self.get_current_dir().map(|dir| c_string(&kernel_name(dir))).transpose()
    }

    fn variables(&self) -> io::Result<Vec<Variable>> {
        let files = self.env.iter().map(|(name, value)| {
            Ok((
                environment::device_file(name)?,
                value.map(|value| value.as_encoded_bytes().to_vec()),
            ))
        });
        files.collect()
    }
}

/// A standard descriptor of the child, and the parent's end if it is a pipe.
fn stream(at: i32, stdio: &Stdio, end: &mut Option<ChildPipe>) -> io::Result<Stream> {
    Ok(match stdio {
        Stdio::Inherit => Stream::Inherited(at),
        Stdio::Parent(fd) => Stream::Inherited(*fd),
        Stdio::Null => {
            let mode = if at == 0 { open::READ } else { open::WRITE };
            let null = cvt(open_device(c"/dev/null", c"#c/null", mode | open::CEXEC))?;
            Stream::Own(FileDesc::new(null))
        }
        Stdio::Fd(fd) => Stream::Own(fd.duplicate()?),
        Stdio::MakePipe => {
            let (reader, writer) = pipe()?;
            let (ours, theirs) = if at == 0 { (writer, reader) } else { (reader, writer) };
            *end = Some(ours);
            Stream::Own(theirs)
        }
    })
}

impl From<ChildPipe> for Stdio {
    fn from(pipe: ChildPipe) -> Stdio {
        Stdio::Fd(pipe)
    }
}

impl From<io::Stdout> for Stdio {
    fn from(_: io::Stdout) -> Stdio {
        Stdio::Parent(1)
    }
}

impl From<io::Stderr> for Stdio {
    fn from(_: io::Stderr) -> Stdio {
        Stdio::Parent(2)
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        Stdio::Fd(file.into_inner())
    }
}

/// As on unix, with the words that a shell there would take.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let mut shown = f.debug_struct("Command");
            shown.field("program", &self.program).field("args", &self.args);
            if !self.env.is_unchanged() {
                shown.field("env", &self.env);
            }
            let streams =
                [("stdin", &self.stdin), ("stdout", &self.stdout), ("stderr", &self.stderr)];
            if self.cwd.is_some() {
                shown.field("cwd", &self.cwd);
            }
            for (name, stream) in streams {
                if stream.is_some() {
                    shown.field(name, stream);
                }
            }
            self.rfork_options.show(&mut shown);
            return shown.finish();
        }
        if let Some(cwd) = &self.cwd {
            write!(f, "cd {cwd:?} && ")?;
        }
        let mut removed = self.get_envs().filter(|(_, value)| value.is_none()).peekable();
        if self.env.does_clear() {
            f.write_str("env -i ")?;
        } else if removed.peek().is_some() {
            f.write_str("env ")?;
            removed.try_for_each(|(key, _)| write!(f, "-u {} ", key.display()))?;
        }
        for (key, value) in self.get_envs() {
            if let Some(value) = value {
                write!(f, "{}={value:?} ", key.display())?;
            }
        }
        if self.program != self.args[0] {
            write!(f, "[{:?}] ", self.program)?;
        }
        write!(f, "{:?}", self.args[0])?;
        self.get_args().try_for_each(|arg| write!(f, " {arg:?}"))
    }
}

pub struct CommandArgs<'a> {
    iter: crate::slice::Iter<'a, OsString>,
}

impl<'a> Iterator for CommandArgs<'a> {
    type Item = &'a OsStr;

    fn next(&mut self) -> Option<&'a OsStr> {
        self.iter.next().map(|arg| &**arg)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.iter.size_hint()
    }
}

impl ExactSizeIterator for CommandArgs<'_> {}

impl fmt::Debug for CommandArgs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter.clone()).finish()
    }
}
