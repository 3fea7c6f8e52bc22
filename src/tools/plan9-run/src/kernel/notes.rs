//! Notes: posting, the points of delivery, the frame, and `noted` (`port/proc.c`, `port/sysproc.c`, `pc64/trap.c`).

use super::proc::{Blocked, Note, State};
use super::tracee::Regs;
use super::user::BAD_ARG;
use super::{Kernel, NoteKind, memory, spell};
use crate::dev::{Breakable, Pid, Result, error};
use plan9_abi::flags::noted;
use plan9_abi::layout::{ERRMAX, NNOTE};
use plan9_abi::ureg::{self, frame};

/// The bits of a program counter that the kernel lets a program set.
pub(super) const USER_PC: u64 = (1 << 47) - 1;

impl Kernel {
    /// Posts a note (`postnote`): `note not posted` when five are queued.
    pub fn post_note(&mut self, pid: Pid, text: &[u8], kind: NoteKind) -> Result<()> {
        self.push_note(pid, Note { text: text.to_vec(), kind, shared: false })
    }

    /// Posts a note to every proc of the group but `except` (`postnotepg`); a full queue drops it silently.
    pub fn post_note_group(&mut self, noteid: u32, text: &[u8], except: Pid) -> Result<()> {
        let members: Vec<Pid> = self
            .procs
            .values()
            .filter(|proc| proc.noteid == noteid && proc.pid != except)
            .map(|proc| proc.pid)
            .collect();
        for pid in members {
            let note = Note { text: text.to_vec(), kind: NoteKind::User, shared: true };
            let _ = self.push_note(pid, note);
        }
        Ok(())
    }

    fn push_note(&mut self, pid: Pid, note: Note) -> Result<()> {
        let proc = self.procs.get_mut(&pid).ok_or(error("process exited"))?;
        if note.kind != NoteKind::User && (proc.notify == 0 || proc.notified) {
            proc.notes.clear();
        }
        if proc.notes.len() >= NNOTE {
            return Err(error("note not posted"));
        }
        proc.notes.push_back(note);
        self.interrupt(pid);
        Ok(())
    }

    /// Makes the next wait fail, or the present one (`procinterrupt`). A proc in user mode is brought into the kernel,
    /// as the next clock tick would.
    pub(crate) fn interrupt(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.notepending = true;
        if proc.at == State::User {
            if self.waits_for_tick(pid) {
                return;
            }
            if let Some(tracee) = self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref()) {
                // A failure means that it has just stopped by itself, and then it looks anyway.
                let _ = tracee.interrupt();
            }
            return;
        }
        let unheard = std::mem::take(&mut proc.kill_unheard);
        match proc.blocked.as_ref().and_then(|blocked| blocked.on) {
            Some((_, Breakable::ByNotes | Breakable::OnceAsleep)) => self.break_wait(pid),
            Some((_, Breakable::Swallows)) if unheard => self.break_wait(pid),
            Some((_, Breakable::Swallows)) => proc.notepending = false,
            Some((_, Breakable::No | Breakable::OnceKilled)) | None => {}
        }
    }

    /// Takes the oldest note that waits, as a read of `/proc/N/note` does.
    pub fn take_note(&mut self, pid: Pid) -> Option<Vec<u8>> {
        let proc = self.procs.get_mut(&pid)?;
        let note = proc.notes.pop_front()?;
        if proc.notes.is_empty() {
            proc.notepending = false;
        }
        Some(note.text)
    }

    /// ctl `interrupt`: the next wait fails, no note behind it.
    pub fn ctl_interrupt(&mut self, pid: Pid) {
        let user = self.procs.get(&pid).is_some_and(|proc| proc.at == State::User);
        if user {
            if let Some(proc) = self.procs.get_mut(&pid) {
                proc.notepending = true;
            }
        } else {
            self.interrupt(pid);
        }
    }

    /// ctl `nointerrupt`: fails while notes are queued.
    pub fn ctl_nointerrupt(&mut self, pid: Pid) -> Result<()> {
        let proc = self.procs.get_mut(&pid).ok_or(error("process exited"))?;
        if !proc.notes.is_empty() {
            return Err(error("notes pending"));
        }
        proc.notepending = false;
        Ok(())
    }

    /// ctl `kill`: wakes even a wait that notes cannot break, but not where five notes wait for their handler: the kernel
    /// wakes whoever it posts a note to, and this one it drops (`killproc`). Only `interrupt` ends that wait then.
    pub fn ctl_kill(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.kill_asked = true;
        let posted = self.post_note(pid, b"sys: killed", NoteKind::Exit).is_ok();
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.kill_unheard = !posted;
        match proc.at {
            State::Stopped => self.leave(pid),
            State::Broken => self.exit(pid, b"Killed"),
            State::Kernel if !posted => {}
            State::Kernel if proc.blocked.as_ref().is_some_and(Blocked::breaks_when_killed) => {
                self.break_wait(pid);
            }
            State::User => {
                if let Some(tracee) = &proc.tracee {
                    let _ = tracee.interrupt();
                }
            }
            State::Kernel => {}
        }
    }

    /// ctl `stop`: the proc stands still before it next enters user mode.
    pub fn ctl_stop(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.stop_asked = true;
        if proc.at == State::User
            && let Some(tracee) = &proc.tracee
        {
            let _ = tracee.interrupt();
        }
    }

    /// ctl `start`.
    pub fn ctl_start(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.stop_asked = false;
        if proc.at == State::Stopped {
            self.leave(pid);
        }
    }

    /// Delivers the oldest note if one may be (`donotify`). False if the proc died of it.
    pub(crate) fn deliver(&mut self, pid: Pid) -> bool {
        let Some(proc) = self.procs.get_mut(&pid) else { return false };
        if proc.notes.is_empty() {
            return true;
        }
        proc.notepending = false;
        if proc.notified && proc.notes[0].kind == NoteKind::User {
            return true;
        }
        let Some(mut note) = proc.notes.pop_front() else { return true };
        let Some(regs) = proc.regs else { return true };
        if !note.shared && note.text.starts_with(plan9_abi::note::KERNEL_PREFIX) {
            note.text.extend(format!(" pc={:#x}", regs.rip).bytes());
            note.text.truncate(ERRMAX - 1);
        }
        proc.last_note = Some(note.clone());
        let handled = proc.notify != 0 && !proc.notified;
        let how = if handled { "handled" } else { "not handled" };
        self.trace_line(pid, &format!("note {}, {how}", spell::quoted(&note.text)));
        let Some(proc) = self.procs.get_mut(&pid) else { return false };
        if proc.notify == 0 || proc.notified {
            self.die_of(pid, &note);
            return false;
        }
        if !self.push_frame(pid, &regs, &note.text) {
            match self.options.old() {
                true => {
                    self.pprint(pid, "suicide: bad address in notify\n");
                    self.exit(pid, b"Suicide");
                }
                false => self.die_of(pid, &note),
            }
            return false;
        }
        true
    }

    /// Death by a note that nobody handles.
    pub(crate) fn die_of(&mut self, pid: Pid, note: &Note) {
        if note.kind == NoteKind::Debug {
            let text = String::from_utf8_lossy(&note.text).into_owned();
            self.pprint(pid, &format!("suicide: {text}\n"));
        }
        match note.kind {
            NoteKind::Debug => self.exit_broken(pid, &note.text),
            _ => self.exit(pid, &note.text),
        }
    }

    /// Writes the handler's frame and points the registers at it (`pc64/trap.c:notify`).
    fn push_frame(&mut self, pid: Pid, regs: &Regs, text: &[u8]) -> bool {
        let sp = regs.rsp.wrapping_sub(frame::BELOW);
        let Some(proc) = self.procs.get(&pid) else { return false };
        let size = frame::UREG + ureg::SIZE;
        let handler = !self.options.old() || memory::okay(&proc.space, proc.notify, 1, false);
        if !handler || !memory::okay(&proc.space, sp, size, true) {
            return false;
        }
        let fp = proc.tracee.as_ref().and_then(|tracee| tracee.fp_state().ok());
        let mut image = vec![0; size];
        let mut put = |at: usize, word: u64| image[at..at + 8].copy_from_slice(&word.to_le_bytes());
        put(frame::UREG_POINTER, sp + frame::UREG as u64);
        put(frame::NOTE_POINTER, sp + frame::NOTE as u64);
        put(frame::PREVIOUS, proc.noteureg);
        for (offset, value) in ureg_words(regs) {
            put(frame::UREG + offset, value);
        }
        image[frame::NOTE..frame::NOTE + text.len()].copy_from_slice(text);
        if !self.poke(pid, sp, &image) {
            return false;
        }
        let Some(proc) = self.procs.get_mut(&pid) else { return false };
        let handler = proc.notify;
        if let Some(regs) = &mut proc.regs {
            regs.rsp = sp;
            regs.rip = handler;
            regs.rbp = sp + frame::UREG as u64;
        }
        proc.saved_fp = fp;
        proc.notified = true;
        proc.noteureg = sp + frame::UREG as u64;
        true
    }

    /// `noted`: puts the interrupted registers back, or lets the note kill. The registers hold the result.
    pub(crate) fn noted(&mut self, pid: Pid, how: u32) -> Result<()> {
        let Some(proc) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
        if !proc.notified && how != noted::RSTR {
            if self.options.forbids_stray_noted() {
                self.pprint(pid, "call to noted() when not notified\n");
                self.exit(pid, b"Suicide");
                return Ok(());
            }
            return Err(BAD_ARG);
        }
        if let (Some(fp), Some(tracee)) = (proc.saved_fp.take(), &proc.tracee) {
            let _ = tracee.set_fp_state(&fp);
        }
        let at = proc.noteureg;
        if !memory::okay(&proc.space, at.wrapping_sub(8), ureg::SIZE + 8, false) {
            let why = "suicide: bad ureg in noted or call to noted when not notified\n";
            self.pprint(pid, why);
            self.exit(pid, b"Suicide");
            return Ok(());
        }
        match how {
            noted::CONT | noted::RSTR | noted::SAVE => {
                if how != noted::SAVE {
                    let previous = self.peek_word(pid, at - 8).unwrap_or(0);
                    if let Some(proc) = self.procs.get_mut(&pid) {
                        proc.noteureg = previous;
                    }
                }
                if !self.restore(pid, at, how) {
                    self.pprint(pid, "suicide: trap in noted\n");
                    self.exit(pid, b"Suicide");
                    return Ok(());
                }
            }
            _ => {
                let Some(mut note) = proc.last_note.clone() else { return Err(BAD_ARG) };
                if how != noted::DFLT {
                    note.kind = NoteKind::Debug;
                }
                // Since 2025-07-18 a debugger sees what was interrupted, and not the handler.
                if !self.options.old() {
                    self.restore(pid, at, how);
                }
                self.die_of(pid, &note);
                return Ok(());
            }
        }
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.notified = false;
        }
        self.left_handler(pid);
        Ok(())
    }

    /// Loads the registers from the Ureg at `at` (`pc64/trap.c:noted`); false if they point nowhere.
    fn restore(&mut self, pid: Pid, at: u64, how: u32) -> bool {
        let mut image = [0; ureg::SIZE];
        if !self.peek(pid, at, &mut image) {
            return false;
        }
        let Some(proc) = self.procs.get(&pid) else { return false };
        let Some(mut regs) = proc.regs else { return false };
        let flags = regs.eflags;
        load_ureg(&mut regs, &image);
        regs.eflags =
            regs.eflags & ureg::FLAGS_FROM_UREG | flags & ureg::FLAGS_FROM_HANDLER | 0x202;
        regs.rip &= USER_PC;
        let space = &proc.space;
        if how == noted::SAVE {
            let sp = at - 4 * 8 - ERRMAX as u64;
            if !memory::okay(space, regs.rip, 1, false) || !memory::okay(space, sp, 32, true) {
                return false;
            }
            regs.rsp = sp;
            regs.rbp = at;
            let mut words = [0; 16];
            words[8..].copy_from_slice(&at.to_le_bytes());
            self.poke(pid, sp, &words);
        } else if matches!(how, noted::CONT | noted::RSTR)
            && (!memory::okay(space, regs.rip, 1, false)
                || !memory::okay(space, regs.rsp, 8, false))
        {
            return false;
        }
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.regs = Some(regs);
        }
        true
    }
}

/// The words of a Ureg, by offset. The selectors are those of user mode on the real kernel.
pub(super) fn ureg_words(regs: &Regs) -> [(usize, u64); 22] {
    const UESEL: u64 = 0x33;
    const UDSEL: u64 = 0x2B;
    [
        (ureg::AX, regs.rax),
        (ureg::BX, regs.rbx),
        (ureg::CX, regs.rcx),
        (ureg::DX, regs.rdx),
        (ureg::SI, regs.rsi),
        (ureg::DI, regs.rdi),
        (ureg::BP, regs.rbp),
        (ureg::R8, regs.r8),
        (ureg::R9, regs.r9),
        (ureg::R10, regs.r10),
        (ureg::R11, regs.r11),
        (ureg::R12, regs.r12),
        (ureg::R13, regs.r13),
        (ureg::R14, regs.r14),
        (ureg::R15, regs.r15),
        (ureg::TYPE, 0),
        (ureg::ERROR, 0),
        (ureg::PC, regs.rip),
        (ureg::CS, UESEL),
        (ureg::FLAGS, regs.eflags),
        (ureg::SP, regs.rsp),
        (ureg::SS, UDSEL),
    ]
}

pub(super) fn load_ureg(regs: &mut Regs, image: &[u8; ureg::SIZE]) {
    let word = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&image[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    regs.rax = word(ureg::AX);
    regs.rbx = word(ureg::BX);
    regs.rcx = word(ureg::CX);
    regs.rdx = word(ureg::DX);
    regs.rsi = word(ureg::SI);
    regs.rdi = word(ureg::DI);
    regs.rbp = word(ureg::BP);
    regs.r8 = word(ureg::R8);
    regs.r9 = word(ureg::R9);
    regs.r10 = word(ureg::R10);
    regs.r11 = word(ureg::R11);
    regs.r12 = word(ureg::R12);
    regs.r13 = word(ureg::R13);
    regs.r14 = word(ureg::R14);
    regs.r15 = word(ureg::R15);
    regs.rip = word(ureg::PC);
    regs.eflags = word(ureg::FLAGS);
    regs.rsp = word(ureg::SP);
}
