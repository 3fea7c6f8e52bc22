//! Small objects, and a folder to link them in with each linker that is there.

use crate::program::Program;

use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::symbols::Symbols;
use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The linkers of this machine: by name on PATH, and rustc's own.
pub fn linkers() -> Vec<(&'static str, PathBuf)> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    if let Ok(output) = Command::new(rustc).args(["--print", "target-libdir"]).output() {
        let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        folders.push(libraries.with_file_name("bin"));
    }
    let find = |name: &str| folders.iter().map(|f| f.join(name)).find(|file| file.is_file());
    let found: Vec<_> = ["ld", "ld.lld", "rust-lld"]
        .into_iter()
        .filter_map(|name| Some((name, find(name)?)))
        .collect();
    assert!(!found.is_empty(), "these tests need GNU ld or lld");
    found
}

/// A folder where one linker alone is on PATH, with an earlier output in it.
pub struct Bench {
    folder: tempfile::TempDir,
}

pub const EARLIER: &str = "the earlier output";

impl Bench {
    pub fn new(name: &str, linker: &Path) -> Self {
        let bench = Self::without_linker();
        symlink(linker, bench.path("bin").join(name)).unwrap();
        bench
    }

    pub fn without_linker() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.path("bin")).unwrap();
        for file in ["out", "out.elf"] {
            fs::write(bench.path(file), EARLIER).unwrap();
        }
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Puts a program in the linker's place that writes what a shell command prints.
    pub fn pretend(&self, shell: &str) {
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\nwhile [ \"$1\" != -o ]; do shift; done\n{shell} >\"$2\"\n"
        );
        // Written by another process: a file that one of our threads still holds open cannot be executed.
        let write = ["-c", "printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""];
        let mut shell = Command::new("sh");
        shell.args(write).arg(self.path("bin/ld")).arg(script);
        assert!(shell.status().unwrap().success());
    }

    /// `plan9-ld` in this folder with these arguments, where only this folder's linker is on PATH.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plan9-ld"));
        command.args(args).current_dir(self.folder.path());
        command.env("PATH", self.path("bin")).env_remove("PLAN9_LD");
        command
    }

    /// Links the program into `out` and takes the result apart.
    pub fn link(&self, program: Program, args: &[&str]) -> Linked {
        self.put("a.o", &program.object());
        let output = self.command(&[&["-o", "out", "a.o"], args].concat()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        self.linked()
    }

    pub fn linked(&self) -> Linked {
        let file = fs::read(self.path("out")).unwrap();
        let header = Header::parse(&file).unwrap();
        Linked { header, file, elf: fs::read(self.path("out.elf")).unwrap() }
    }

    /// Linking the program must fail with one last line from us, touch no earlier output and leave nothing behind.
    pub fn refused(&self, program: Program, args: &[&str]) -> String {
        self.put("a.o", &program.object());
        self.failed(&mut self.command(&[&["-o", "out", "a.o"], args].concat()))
    }

    pub fn failed(&self, command: &mut Command) -> String {
        let output = command.output().unwrap();
        let text = said(&output);
        assert!(!output.status.success(), "it was taken");
        for file in ["out", "out.elf"] {
            assert_eq!(fs::read_to_string(self.path(file)).unwrap(), EARLIER, "{file}: {text}");
        }
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(!name.to_string_lossy().starts_with('.'), "{name:?} was left behind");
        }
        let ours: Vec<_> = text.lines().filter(|line| line.starts_with("plan9-ld: ")).collect();
        assert_eq!(ours.len(), 1, "{text}");
        assert_eq!(text.lines().last(), Some(ours[0]), "{text}");
        ours[0].to_owned()
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A finished executable.
pub struct Linked {
    pub header: Header,
    pub file: Vec<u8>,
    pub elf: Vec<u8>,
}

impl Linked {
    /// Bytes of memory as the kernel would map them from the file.
    pub fn memory(&self, address: u64, len: usize) -> &[u8] {
        let data = self.header.data_start();
        let at = match address < data {
            true => address - plan9_abi::layout::UTZERO,
            false => HEADER_SIZE as u64 + u64::from(self.header.text) + (address - data),
        } as usize;
        &self.file[at..at + len]
    }

    /// Value, kind and name of every entry.
    pub fn symbols(&self) -> Vec<(u64, char, String)> {
        let mut symbols = Symbols::new(&self.file[self.header.symbols_offset() as usize..]);
        let all = symbols
            .by_ref()
            .map(|s| (s.value, char::from(s.kind), String::from_utf8(s.name.to_vec()).unwrap()))
            .collect();
        assert_eq!(symbols.rest(), [0; 0], "the table is damaged");
        all
    }

    pub fn symbol(&self, name: &str) -> (u64, char) {
        let all = self.symbols();
        let found: Vec<_> = all.iter().filter(|(_, _, other)| other == name).collect();
        assert_eq!(found.len(), 1, "{name} in {all:?}");
        (found[0].0, found[0].1)
    }
}
