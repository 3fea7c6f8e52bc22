//! A Linux process under ptrace: the body of a proc.
//!
//! Its address space holds what the Plan 9 program maps and one page of ours, far from anything a program reaches, with
//! a `syscall` instruction: through it the kernel lets the tracee map, unmap and fork itself. The program's own system
//! calls never reach Linux: it is resumed with `PTRACE_SYSEMU`, which stops at each and skips it.

use libc::{c_int, c_long, c_void, pid_t};
use std::io;
use std::os::unix::fs::FileExt;

/// Registers as ptrace gives them.
pub type Regs = libc::user_regs_struct;

/// Where the page with the `syscall` instruction lies; nothing of a Plan 9 program does.
const STUB: u64 = 0x4000_0000_0000;
const STUB_SIZE: u64 = 4096;
/// `syscall; int3`
const STUB_CODE: [u8; 3] = [0x0F, 0x05, 0xCC];
/// The end of what Linux lets a process map.
const TASK_SIZE: u64 = 0x7FFF_FFFF_F000;
/// The trap flag, which Linux sets for a step. It leaves it set behind an instruction that loads the flags, as the note
/// handler's POPF does.
pub(super) const TRAP_FLAG: u64 = 1 << 8;
/// The code of a SIGTRAP that is the end of a step.
pub(super) const TRAP_TRACE: i32 = 2;
const NT_X86_XSTATE: usize = 0x202;
/// Room for any state that XSAVE writes on today's processors, in bytes.
const XSTATE_SIZE: usize = 16 * 1024;

/// Why a tracee stopped, or that it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At a system call, which will be skipped.
    Call,
    /// A signal: a fault of the program, or one from outside.
    Signal(c_int),
    /// `PTRACE_INTERRUPT`, or the first stop of a fork.
    Interrupt,
    /// A fork under way; the new process is already known.
    Fork,
    /// Dead.
    Gone,
}

/// One tracee.
#[derive(Debug)]
pub struct Tracee {
    tid: pid_t,
}

fn check(result: c_long) -> io::Result<c_long> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn classify(status: c_int) -> Stop {
    if !libc::WIFSTOPPED(status) {
        return Stop::Gone;
    }
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => Stop::Call,
        0 => Stop::Signal(signal),
        libc::PTRACE_EVENT_STOP => Stop::Interrupt,
        _ => Stop::Fork,
    }
}

/// The next tracee that changed state, if one has.
pub fn poll() -> Option<(pid_t, Stop)> {
    let mut status = 0;
    // SAFETY: waitpid writes one int.
    let tid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG | libc::__WALL) };
    (tid > 0).then(|| (tid, classify(status)))
}

fn wait_for(tid: pid_t) -> io::Result<Stop> {
    loop {
        let mut status = 0;
        // SAFETY: waitpid writes one int.
        let got = unsafe { libc::waitpid(tid, &mut status, libc::__WALL) };
        if got == tid {
            return Ok(classify(status));
        }
        let why = io::Error::last_os_error();
        if why.kind() != io::ErrorKind::Interrupted {
            return Err(why);
        }
    }
}

impl Tracee {
    /// A new process with nothing but the stub page mapped. It shares our descriptor table, so that a memory file's
    /// number means the same on both sides.
    pub fn spawn() -> io::Result<Tracee> {
        let flags = libc::CLONE_FILES | libc::SIGCHLD;
        // SAFETY: without a stack and without CLONE_VM this is fork; the child calls only async-signal-safe functions.
        let tid = check(unsafe {
            libc::syscall(libc::SYS_clone, flags, 0usize, 0usize, 0usize, 0usize)
        })? as pid_t;
        if tid == 0 {
            first_breath();
        }
        let tracee = Tracee { tid };
        let options = libc::PTRACE_O_TRACESYSGOOD
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_EXITKILL;
        tracee.ptrace(libc::PTRACE_SEIZE, 0, options as usize)?;
        // The child spins until its stub page is there; its parent looks from outside.
        let mut code = [0; STUB_CODE.len()];
        while tracee.read(STUB, &mut code).is_err() || code != STUB_CODE {
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
        tracee.interrupt()?;
        while wait_for(tid)? != Stop::Interrupt {}
        tracee.call(libc::SYS_mprotect, [STUB, STUB_SIZE, 5, 0, 0, 0])?;
        tracee.forget_rseq()?;
        tracee.call(libc::SYS_munmap, [0, STUB, 0, 0, 0, 0])?;
        let above = STUB + STUB_SIZE;
        tracee.call(libc::SYS_munmap, [above, TASK_SIZE - above, 0, 0, 0, 0])?;
        Ok(tracee)
    }

    /// Takes back the C library's restartable-sequence area, which Linux would write to after it is unmapped.
    fn forget_rseq(&self) -> io::Result<()> {
        // SAFETY: all zeros are a valid value.
        let mut area: libc::ptrace_rseq_configuration = unsafe { std::mem::zeroed() };
        let size = size_of_val(&area);
        let known =
            self.ptrace(libc::PTRACE_GET_RSEQ_CONFIGURATION, size, &raw mut area as usize).is_ok();
        if known && area.rseq_abi_pointer != 0 {
            const UNREGISTER: u64 = 1;
            let (size, signature) = (area.rseq_abi_size.into(), area.signature.into());
            let args = [area.rseq_abi_pointer, size, UNREGISTER, signature, 0, 0];
            self.call(libc::SYS_rseq, args)?;
        }
        Ok(())
    }

    /// A copy of this process, as fork makes it: private mappings are copied when written, shared ones are shared.
    pub fn fork(&self) -> io::Result<Tracee> {
        let flags = (libc::CLONE_FILES | libc::CLONE_PARENT | libc::SIGCHLD) as u64;
        let tid = self.call(libc::SYS_clone, [flags, 0, 0, 0, 0, 0])? as pid_t;
        while wait_for(tid)? != Stop::Interrupt {}
        Ok(Tracee { tid })
    }

    /// The Linux process id.
    pub fn tid(&self) -> pid_t {
        self.tid
    }

    /// Lets the stopped tracee do one Linux system call. Its registers are lost: the caller sets them before it resumes.
    pub fn call(&self, number: c_long, args: [u64; 6]) -> io::Result<u64> {
        let mut regs = self.regs()?;
        regs.rip = STUB;
        regs.rax = number as u64;
        regs.orig_rax = u64::MAX;
        [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9] = args;
        regs.eflags = 0x202;
        self.set_regs(&regs)?;
        loop {
            self.ptrace(libc::PTRACE_CONT, 0, 0)?;
            match wait_for(self.tid)? {
                Stop::Signal(libc::SIGTRAP) => break,
                Stop::Gone => return Err(io::Error::other("the process is gone")),
                Stop::Signal(signal @ (libc::SIGSEGV | libc::SIGBUS)) => {
                    return Err(io::Error::other(format!("signal {signal} in the stub")));
                }
                _ => {}
            }
        }
        let result = self.regs()?.rax as i64;
        if (-4095..0).contains(&result) {
            return Err(io::Error::from_raw_os_error(-result as i32));
        }
        Ok(result as u64)
    }

    /// Maps `len` bytes of a memory file at a fixed address.
    pub fn map(&self, at: u64, len: u64, prot: c_int, flags: c_int, fd: c_int) -> io::Result<()> {
        let flags = (flags | libc::MAP_FIXED | libc::MAP_NORESERVE) as u64;
        self.call(libc::SYS_mmap, [at, len, prot as u64, flags, fd as u64, 0]).map(drop)
    }

    /// Unmaps a range.
    pub fn unmap(&self, at: u64, len: u64) -> io::Result<()> {
        self.call(libc::SYS_munmap, [at, len, 0, 0, 0, 0]).map(drop)
    }

    /// Runs the program until its next system call, fault or interruption.
    pub fn resume(&self) -> io::Result<()> {
        self.ptrace(libc::PTRACE_SYSEMU, 0, 0)
    }

    /// Runs one instruction; a system call is reported instead of being made.
    pub fn step(&self) -> io::Result<()> {
        self.ptrace(libc::PTRACE_SYSEMU_SINGLESTEP, 0, 0)
    }

    /// Waits until it stops.
    pub fn wait(&self) -> io::Result<Stop> {
        wait_for(self.tid)
    }

    /// Stops it wherever it is in user mode.
    pub fn interrupt(&self) -> io::Result<()> {
        self.ptrace(libc::PTRACE_INTERRUPT, 0, 0)
    }

    /// User and system time in milliseconds, as Linux counted them; zeros once it is gone.
    pub fn times(&self) -> [u64; 2] {
        /// Where `utime` stands behind the command's closing parenthesis (man 5 proc_pid_stat).
        const UTIME: usize = 11;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.tid)).unwrap_or_default();
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let mut ticks = behind.split_ascii_whitespace().skip(UTIME);
        // SAFETY: a plain call.
        let hz = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64;
        [(); 2].map(|()| ticks.next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1000 / hz)
    }

    /// The pages that are its own, those of its stack, in bytes.
    pub fn own_pages(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.tid));
        let pages = statm.ok().and_then(|text| {
            let mut fields = text.split(' ').skip(1).map(str::parse::<u64>);
            let (resident, of_files) = (fields.next()?.ok()?, fields.next()?.ok()?);
            resident.checked_sub(of_files)
        });
        pages.unwrap_or(0) * plan9_abi::layout::PAGE
    }

    /// Ends it.
    pub fn kill(&self) {
        // SAFETY: a plain system call on a process of ours.
        unsafe { libc::kill(self.tid, libc::SIGKILL) };
    }

    /// The registers of the stopped tracee.
    pub fn regs(&self) -> io::Result<Regs> {
        // SAFETY: all zeros are valid registers.
        let mut regs: Regs = unsafe { std::mem::zeroed() };
        self.ptrace(libc::PTRACE_GETREGS, 0, &raw mut regs as usize)?;
        Ok(regs)
    }

    /// Sets the registers.
    pub fn set_regs(&self, regs: &Regs) -> io::Result<()> {
        self.ptrace(libc::PTRACE_SETREGS, 0, regs as *const Regs as usize)
    }

    /// Sets the floating-point unit to `fcw` and `mxcsr`, everything else empty.
    pub fn reset_fp(&self, fcw: u16, mxcsr: u32) -> io::Result<()> {
        // SAFETY: all zeros are a valid state.
        let mut state: libc::user_fpregs_struct = unsafe { std::mem::zeroed() };
        state.cwd = fcw;
        state.mxcsr = mxcsr;
        state.mxcr_mask = 0xFFFF;
        self.ptrace(libc::PTRACE_SETFPREGS, 0, &raw const state as usize)
    }

    /// The whole floating-point and vector state.
    pub fn fp_state(&self) -> io::Result<Vec<u8>> {
        let mut state = vec![0; XSTATE_SIZE];
        let mut vector =
            libc::iovec { iov_base: state.as_mut_ptr().cast::<c_void>(), iov_len: state.len() };
        self.ptrace(libc::PTRACE_GETREGSET, NT_X86_XSTATE, &raw mut vector as usize)?;
        state.truncate(vector.iov_len);
        Ok(state)
    }

    /// Puts back what [`Tracee::fp_state`] gave.
    pub fn set_fp_state(&self, state: &[u8]) -> io::Result<()> {
        let vector =
            libc::iovec { iov_base: state.as_ptr().cast_mut().cast(), iov_len: state.len() };
        self.ptrace(libc::PTRACE_SETREGSET, NT_X86_XSTATE, &raw const vector as usize)
    }

    /// The code and the address of the signal it stopped with.
    pub fn signal_info(&self) -> io::Result<(c_int, u64)> {
        // SAFETY: all zeros are a valid siginfo.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        self.ptrace(libc::PTRACE_GETSIGINFO, 0, &raw mut info as usize)?;
        // SAFETY: the address is meaningful for the fault signals, the only ones that are asked about.
        Ok((info.si_code, unsafe { info.si_addr() } as u64))
    }

    /// Reads memory that only the tracee maps.
    pub fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let local =
            libc::iovec { iov_base: into.as_mut_ptr().cast::<c_void>(), iov_len: into.len() };
        let remote = libc::iovec { iov_base: at as *mut c_void, iov_len: into.len() };
        // SAFETY: the local vector is `into`; the remote one is checked by Linux.
        let n =
            check(unsafe { libc::process_vm_readv(self.tid, &local, 1, &remote, 1, 0) } as i64)?;
        if n as usize == into.len() {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::EFAULT))
        }
    }

    /// Writes memory that only the tracee maps.
    pub fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let local =
            libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let remote = libc::iovec { iov_base: at as *mut c_void, iov_len: bytes.len() };
        // SAFETY: the local vector is `bytes`, only read; the remote one is checked by Linux.
        let n =
            check(unsafe { libc::process_vm_writev(self.tid, &local, 1, &remote, 1, 0) } as i64)?;
        if n as usize == bytes.len() {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::EFAULT))
        }
    }

    /// Writes memory that the tracee itself may only read; pages of a file become its own.
    pub fn overwrite(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let path = format!("/proc/{}/mem", self.tid);
        std::fs::File::options().write(true).open(path)?.write_all_at(bytes, at)
    }

    /// Gives pages back: they hold again what the file behind them holds.
    pub fn forget(&self, at: u64, len: u64) -> io::Result<()> {
        self.call(libc::SYS_madvise, [at, len, libc::MADV_DONTNEED as u64, 0, 0, 0]).map(drop)
    }

    fn ptrace(&self, request: libc::c_uint, address: usize, data: usize) -> io::Result<()> {
        // SAFETY: callers pass pointers to live values of the request's type, or plain numbers.
        check(unsafe { libc::ptrace(request, self.tid, address, data) }).map(drop)
    }
}

/// What the first process does before anyone traces it: maps the stub and waits. Its death follows its parent's.
fn first_breath() -> ! {
    // SAFETY: only system calls and one copy to a page just mapped; nothing here allocates or locks.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        let page = libc::mmap(
            STUB as *mut c_void,
            STUB_SIZE as usize,
            libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
            -1,
            0,
        );
        if page as u64 != STUB {
            libc::_exit(1);
        }
        std::ptr::copy_nonoverlapping(STUB_CODE.as_ptr(), page.cast::<u8>(), STUB_CODE.len());
        loop {
            libc::pause();
        }
    }
}
