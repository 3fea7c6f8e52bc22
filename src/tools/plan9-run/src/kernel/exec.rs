//! A proc becomes another program (`port/sysproc.c:sysexec`).

use super::memory::{Kind, Segment};
use super::rfork::TOS;
use super::tracee::Regs;
use super::user::BAD_ARG;
use super::{Kernel, proc::Proc, quote, tsc};
use crate::chan;
use crate::dev::{Pid, Result, error};
use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::layout::{INITIAL_FCW, INITIAL_MXCSR, PAGE, USTKSIZE, USTKTOP, UTZERO};
use plan9_abi::tos;
use std::rc::Rc;

const BAD_EXEC: crate::dev::Error = error("exec header invalid");
const NO_MEMORY: crate::dev::Error = error("virtual memory allocation failed");
/// Scripts whose interpreters are scripts, at most.
const MAX_SCRIPTS: usize = 8;
/// What of a file is looked at for `#!`, in bytes.
const FIRST_LINE: usize = 256;
/// Words of a `#!` line, at most.
const MAX_WORDS: usize = 31;
/// Bytes of the arguments that `/proc/N/args` keeps.
const ARGS_KEPT: usize = 128;

/// A program found and ready to be loaded.
struct Image {
    name: String,
    path: String,
    header: Header,
    file: Vec<u8>,
    argv: Vec<Vec<u8>>,
}

impl Kernel {
    /// The system call: path and `argv` lie in the program's memory.
    pub(crate) fn exec(&mut self, pid: Pid, path: u64, argv: u64) -> Result<()> {
        let path = self.user_str(pid, path)?;
        if argv & 7 != 0 {
            let _ = self.post_note(pid, b"sys: odd address", super::NoteKind::Debug);
            return Err(BAD_ARG);
        }
        self.user_check(pid, argv, 16, false)?;
        let mut arguments = Vec::new();
        loop {
            let slot = self.user_read(pid, argv + 8 * arguments.len() as u64, 8)?;
            let at = u64::from_le_bytes(slot.try_into().unwrap_or_default());
            if at == 0 {
                break;
            }
            arguments.push(self.user_bytes(pid, at)?);
        }
        if arguments.is_empty() {
            return Err(BAD_ARG);
        }
        let image = self.find_image(pid, &path, arguments)?;
        self.load_image(pid, image)
    }

    /// Loads the first program of the machine.
    pub(crate) fn exec_first(&mut self, pid: Pid, path: &str, argv: Vec<Vec<u8>>) -> Result<()> {
        let image = self.find_image(pid, path, argv)?;
        self.load_image(pid, image)
    }

    /// Reads the file and, for a script, its interpreters.
    fn find_image(&mut self, pid: Pid, path: &str, mut argv: Vec<Vec<u8>>) -> Result<Image> {
        let name = path.rsplit('/').next().unwrap_or(path).to_string();
        let mut at = path.to_string();
        let mut script = false;
        let deepest = if self.options.old() { 1 } else { MAX_SCRIPTS };
        for depth in 0..=deepest {
            let (file, whole_name) = chan::load(self, pid, &at, enough)?;
            if let Ok(header) = Header::parse(&file) {
                let end = header.symbols_offset();
                if (file.len() as u64) < end || header.end() >= USTKTOP - USTKSIZE {
                    return Err(BAD_EXEC);
                }
                if script {
                    argv.insert(0, name.clone().into_bytes());
                }
                return Ok(Image { name, path: whole_name, header, file, argv });
            }
            // argv[0] is the script's name; each line's words stand in front of what was there before, the innermost
            // interpreter itself left out.
            let words = interpreter(&file).ok_or(BAD_EXEC)?;
            match depth {
                0 => argv[0] = at.clone().into_bytes(),
                _ => argv.insert(0, at.clone().into_bytes()),
            }
            argv.splice(0..0, words[1..].iter().cloned());
            at = String::from_utf8_lossy(&words[0]).into_owned();
            script = true;
        }
        Err(BAD_EXEC)
    }

    /// Puts the new program in the place of the old one; past the first change a failure ends the proc.
    fn load_image(&mut self, pid: Pid, image: Image) -> Result<()> {
        let Image { name, path, header, file, argv } = image;
        let too_long = if self.options.old() { NO_MEMORY } else { BAD_ARG };
        let (stack, sp) = initial_stack(&argv).ok_or(too_long)?;
        let text_end = HEADER_SIZE + header.text as usize;
        let data_end = text_end + header.data as usize;
        let data = header.data_start();
        let bss = header.bss_start();
        let top = header.end().next_multiple_of(PAGE);
        let make = |kind, base, top: u64, bytes: &[u8]| {
            Segment::new(kind, base, top, bytes).map(Rc::new).map_err(|_| NO_MEMORY)
        };
        let text_top = match self.options.old() {
            true => data,
            false => (UTZERO + text_end as u64).next_multiple_of(PAGE),
        };
        let mut space =
            vec![Rc::new(Segment::stack()), make(Kind::Text, UTZERO, text_top, &file[..text_end])?];
        if bss > data {
            space.push(make(Kind::Data, data, bss, &file[text_end..data_end])?);
        }
        space.push(make(Kind::Bss, bss, top.max(bss), &[])?);

        let Some(proc) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
        let Some(tracee) = &proc.tracee else { return Err(BAD_ARG) };
        let kept = |s: &Rc<Segment>| matches!(s.kind, Kind::Memory | Kind::Shared) && !s.cexec;
        let mapped = || -> std::io::Result<()> {
            for segment in proc.space.iter().filter(|segment| !kept(segment)) {
                segment.unmap(tracee)?;
            }
            for segment in &space {
                segment.map(tracee, &self.stack_pattern)?;
            }
            tracee.write(USTKTOP - stack.len() as u64, &stack)?;
            tracee.reset_fp(INITIAL_FCW, INITIAL_MXCSR)
        };
        if mapped().is_err() {
            self.exit(pid, b"virtual memory allocation failed");
            return Ok(());
        }
        space.extend(proc.space.drain(..).filter(kept));
        proc.space = space;
        become_program(proc, name, path, &argv);
        // SAFETY: all zeros are valid registers.
        let mut regs: Regs = unsafe { std::mem::zeroed() };
        regs.rip = header.entry;
        regs.rsp = sp;
        regs.rax = TOS;
        regs.eflags = 0x202;
        (regs.cs, regs.ss) = proc.regs.map_or((0x33, 0x2B), |old| (old.cs, old.ss));
        proc.regs = Some(regs);
        chan::exec_close(self, pid);
        // With --inject the clock is one that can be moved.
        let frequency = if self.options.inject.is_some() { 0 } else { tsc::frequency() };
        self.poke(pid, TOS + tos::CYCLEFREQ as u64, &frequency.to_le_bytes());
        Ok(())
    }
}

fn become_program(proc: &mut Proc, name: String, path: String, argv: &[Vec<u8>]) {
    proc.name = name;
    proc.text = path;
    proc.args = argv.iter().flat_map(|arg| arg.iter().copied().chain([0])).collect();
    if proc.args.len() > ARGS_KEPT {
        proc.args.truncate(ARGS_KEPT - 1);
        proc.args.push(0);
    }
    proc.args_set = false;
    proc.notes.clear();
    proc.last_note = None;
    proc.notify = 0;
    proc.notified = false;
    proc.noteureg = 0;
    proc.saved_fp = None;
    proc.errstr.clear();
    proc.stop_asked |= proc.hangs;
}

/// How much of a file exec needs, of which `start` is known: a program without its symbols, or a script's first line.
fn enough(start: &[u8]) -> u64 {
    if start.len() < FIRST_LINE {
        return FIRST_LINE as u64;
    }
    Header::parse(start).map_or(0, |header| header.symbols_offset())
}

/// The words of a `#!` line.
fn interpreter(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let start = &file[..file.len().min(FIRST_LINE)];
    let line = start.strip_prefix(b"#!")?;
    let line = &line[..line.iter().position(|&b| b == b'\n')?];
    let words = quote::words(line);
    (1..=MAX_WORDS).contains(&words.len()).then_some(words)
}

/// The top of a new stack: argc, argv, the strings, Tos. Gives the bytes and the stack pointer.
fn initial_stack(argv: &[Vec<u8>]) -> Option<(Vec<u8>, u64)> {
    let strings: usize = argv.iter().map(|arg| arg.len() + 1).sum();
    let below_tos = strings + tos::SIZE;
    let size = 8 * (argv.len() + 1) + below_tos.next_multiple_of(8);
    if size as u64 >= USTKSIZE - PAGE {
        return None;
    }
    let mut bytes = (argv.len() as u64).to_le_bytes().to_vec();
    let mut at = USTKTOP - below_tos as u64;
    for arg in argv {
        bytes.extend(at.to_le_bytes());
        at += arg.len() as u64 + 1;
    }
    bytes.extend(0u64.to_le_bytes());
    bytes.resize(8 + size - below_tos, 0);
    for arg in argv {
        bytes.extend(arg);
        bytes.push(0);
    }
    bytes.resize(8 + size, 0);
    Some((bytes, USTKTOP - 8 - size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_holds_argc_argv_and_strings_below_tos() {
        let (bytes, sp) = initial_stack(&[b"prog".to_vec(), b"x".to_vec()]).unwrap();
        assert_eq!(sp + bytes.len() as u64, USTKTOP);
        let word = |n: usize| u64::from_le_bytes(bytes[8 * n..8 * n + 8].try_into().unwrap());
        assert_eq!((word(0), word(3)), (2, 0));
        let text = |at: u64| &bytes[(at - sp) as usize..];
        assert!(text(word(1)).starts_with(b"prog\0x\0"));
        assert_eq!(word(2) + 2, TOS);
    }

    #[test]
    fn a_script_names_its_interpreter() {
        let words = interpreter(b"#!/bin/rc -e\necho").unwrap();
        assert_eq!(words, [b"/bin/rc".to_vec(), b"-e".to_vec()]);
        assert_eq!(interpreter(b"#!\n"), None);
        assert_eq!(interpreter(b"#!/bin/rc"), None);
    }
}
