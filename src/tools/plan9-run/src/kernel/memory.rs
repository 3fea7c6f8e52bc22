//! Segments: what a program's addresses mean (`port/segment.c`, `port/fault.c`).
//!
//! Data, bss and attached segments are memory files, mapped by every proc that shares them and by us too: reading the
//! program's memory is a copy, and its semaphores are atomics here as well. Text and stack are private mappings of a
//! file, which fork copies when written; those are reached through the proc.

use super::tracee::Tracee;
use libc::{MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE, c_int};
use plan9_abi::layout::{PAGE, SEGMENT_MAX, USTKSIZE, USTKTOP};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::atomic::AtomicI32;

/// A file in memory, with our own mapping of it, which moves when the file grows.
#[derive(Debug)]
pub struct MemoryFile {
    fd: OwnedFd,
    at: Cell<*mut u8>,
    mapped: Cell<u64>,
}

impl MemoryFile {
    /// An empty file.
    pub fn new() -> io::Result<MemoryFile> {
        // SAFETY: the name is a C string; a failure is looked for.
        let fd = unsafe { libc::memfd_create(c"plan9".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor just made, owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: a fresh mapping at an address of Linux's choice.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                PAGE as usize,
                PROT_READ | PROT_WRITE,
                MAP_SHARED | libc::MAP_NORESERVE,
                fd.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(MemoryFile { fd, at: Cell::new(at.cast()), mapped: Cell::new(PAGE) })
    }

    /// Makes the file `size` bytes long; what is cut off is gone, what is added is zero.
    pub fn resize(&self, size: u64) -> io::Result<()> {
        let (old, new) = (self.mapped.get(), size.max(PAGE));
        if new != old {
            // SAFETY: our own mapping; nothing points into it but for as long as one access takes.
            let at = unsafe {
                libc::mremap(self.at.get().cast(), old as usize, new as usize, libc::MREMAP_MAYMOVE)
            };
            if at == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            self.at.set(at.cast());
            self.mapped.set(new);
        }
        // SAFETY: a plain system call on a descriptor of ours.
        match unsafe { libc::ftruncate(self.fd.as_raw_fd(), size as i64) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// How much of it is there, in bytes.
    fn used(&self) -> u64 {
        // SAFETY: all zeros are a record, and the call fills it.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: a plain system call on a descriptor of ours.
        match unsafe { libc::fstat(self.fd.as_raw_fd(), &mut stat) } {
            0 => stat.st_blocks as u64 * 512,
            _ => 0,
        }
    }

    /// Zeroes a range and gives its memory back.
    pub fn punch(&self, offset: u64, len: u64) {
        // SAFETY: a plain system call on a descriptor of ours.
        unsafe {
            libc::fallocate(
                self.fd.as_raw_fd(),
                libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE,
                offset as i64,
                len as i64,
            );
        }
    }

    /// Copies what `from` holds in its first `size` bytes, holes left out.
    fn copy_from(&self, from: &MemoryFile, size: u64) {
        let seek = |offset: u64, whence| {
            // SAFETY: a plain system call on a descriptor of ours.
            let at = unsafe { libc::lseek(from.fd.as_raw_fd(), offset as i64, whence) };
            u64::try_from(at).ok()
        };
        let mut offset = 0;
        while let Some(start) = seek(offset, libc::SEEK_DATA).filter(|&start| start < size) {
            let end = seek(start, libc::SEEK_HOLE).unwrap_or(size).min(size);
            // SAFETY: both mappings reach `size`, the size of both files, and are different files.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    from.at.get().add(start as usize),
                    self.at.get().add(start as usize),
                    (end - start) as usize,
                );
            }
            offset = end;
        }
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing borrows it any more.
        unsafe { libc::munmap(self.at.get().cast(), self.mapped.get() as usize) };
    }
}

/// What a segment is for; decides how rfork treats it (`port/segment.c:dupseg`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Stack,
    Text,
    Data,
    Bss,
    /// `segattach` of class `memory`: shared by RFMEM, else copied.
    Memory,
    /// `segattach` of class `shared`: always shared.
    Shared,
}

/// A range of addresses. Procs that share it hold the same one.
#[derive(Debug)]
pub struct Segment {
    pub kind: Kind,
    pub base: u64,
    top: Cell<u64>,
    /// `None` for the stack, whose pages belong to one proc.
    file: Option<MemoryFile>,
    /// Goes away at exec (`SG_CEXEC`).
    pub cexec: bool,
    /// Cannot be written (`SG_RONLY`).
    pub read_only: bool,
}

impl Segment {
    /// The stack of a proc; `map` gives it the shared pattern until it is written.
    pub fn stack() -> Segment {
        let base = USTKTOP - USTKSIZE;
        Segment {
            kind: Kind::Stack,
            base,
            top: Cell::new(USTKTOP),
            file: None,
            cexec: false,
            read_only: false,
        }
    }

    /// A segment of memory that holds `bytes` at its start and zeros to `top`.
    pub fn new(kind: Kind, base: u64, top: u64, bytes: &[u8]) -> io::Result<Segment> {
        let file = MemoryFile::new()?;
        file.resize(top - base)?;
        // SAFETY: the file was just made long enough for `bytes`, and nobody else sees it yet.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), file.at.get(), bytes.len()) };
        Ok(Segment {
            kind,
            base,
            top: Cell::new(top),
            file: Some(file),
            cexec: false,
            read_only: kind == Kind::Text,
        })
    }

    /// The end, a multiple of the page size.
    pub fn top(&self) -> u64 {
        self.top.get()
    }

    /// Moves the end of a bss segment.
    pub fn set_top(&self, top: u64) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.resize(top - self.base)?;
        }
        self.top.set(top);
        Ok(())
    }

    /// How much of it is there, whoever touched it, in bytes; `None` for the stack, whose pages are the proc's own.
    pub fn used(&self) -> Option<u64> {
        self.file.as_ref().map(MemoryFile::used)
    }

    /// The name in `/proc/N/segment`.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Stack => "Stack",
            Kind::Text => "Text",
            Kind::Data => "Data",
            Kind::Bss => "Bss",
            Kind::Memory | Kind::Shared => "Shared",
        }
    }

    /// How far the mapping reaches: the bss may grow without a new one.
    fn reach(&self) -> u64 {
        if self.kind == Kind::Bss { SEGMENT_MAX } else { self.top() - self.base }
    }

    /// Maps the segment in a stopped proc, and what a bss may grow to.
    pub fn map(&self, tracee: &Tracee, pattern: &MemoryFile) -> io::Result<()> {
        self.map_bytes(tracee, pattern, self.reach())
    }

    /// Maps the segment alone.
    pub fn map_whole(&self, tracee: &Tracee, pattern: &MemoryFile) -> io::Result<()> {
        self.map_bytes(tracee, pattern, self.top() - self.base)
    }

    fn map_bytes(&self, tracee: &Tracee, pattern: &MemoryFile, len: u64) -> io::Result<()> {
        let (prot, flags) = match self.kind {
            Kind::Text => (PROT_READ | PROT_EXEC, MAP_PRIVATE),
            Kind::Stack => (PROT_READ | PROT_WRITE, MAP_PRIVATE),
            _ if self.read_only => (PROT_READ, MAP_SHARED),
            _ => (PROT_READ | PROT_WRITE, MAP_SHARED),
        };
        let fd: c_int = self.file.as_ref().unwrap_or(pattern).fd.as_raw_fd();
        tracee.map(self.base, len, prot, flags, fd)
    }

    /// Takes the segment out of a stopped proc.
    pub fn unmap(&self, tracee: &Tracee) -> io::Result<()> {
        tracee.unmap(self.base, self.reach())
    }

    /// Lets a stopped proc execute it, as `segflush` does.
    pub fn make_executable(&self, tracee: &Tracee) -> io::Result<()> {
        let prot = PROT_READ | PROT_EXEC | if self.writable() { PROT_WRITE } else { 0 };
        tracee.call(libc::SYS_mprotect, [self.base, self.reach(), prot as u64, 0, 0, 0]).map(drop)
    }

    pub fn writable(&self) -> bool {
        !self.read_only
    }

    pub fn contains(&self, at: u64) -> bool {
        (self.base..self.top()).contains(&at)
    }

    /// A copy for a proc that does not share it.
    pub fn copy(&self) -> io::Result<Segment> {
        let mut copy = Segment::new(self.kind, self.base, self.top(), &[])?;
        (copy.cexec, copy.read_only) = (self.cexec, self.read_only);
        if let (Some(to), Some(from)) = (&copy.file, &self.file) {
            to.copy_from(from, self.top() - self.base);
        }
        Ok(copy)
    }

    /// Frees whole pages of a range in a stopped proc: they hold again what untouched ones hold.
    pub fn free(&self, tracee: &Tracee, from: u64, to: u64) {
        match &self.file {
            Some(file) if self.kind != Kind::Text => file.punch(from - self.base, to - from),
            // A failure leaves the pages as they are.
            _ => drop(tracee.forget(from, to - from)),
        }
    }

    /// Reads from our own mapping; false where there is none.
    pub fn read(&self, at: u64, into: &mut [u8]) -> bool {
        let Some(file) = self.within(at, into.len()) else { return false };
        // SAFETY: `within` checked the range against the file's size; other procs may write meanwhile, as on a real
        // machine, and a torn byte is theirs.
        unsafe {
            std::ptr::copy(
                file.at.get().add((at - self.base) as usize),
                into.as_mut_ptr(),
                into.len(),
            );
        }
        true
    }

    /// Writes through our own mapping; false where there is none.
    pub fn write(&self, at: u64, bytes: &[u8]) -> bool {
        let Some(file) = self.within(at, bytes.len()) else { return false };
        // SAFETY: as in `read`.
        unsafe {
            std::ptr::copy(
                bytes.as_ptr(),
                file.at.get().add((at - self.base) as usize),
                bytes.len(),
            );
        }
        true
    }

    /// A word of shared memory as the atomic it is to the program; `None` for private memory.
    pub fn atomic(&self, at: u64) -> Option<&AtomicI32> {
        let file = self.within(at, 4)?;
        // SAFETY: in range, aligned by the caller's check, alive as long as `self`.
        Some(unsafe { AtomicI32::from_ptr(file.at.get().add((at - self.base) as usize).cast()) })
    }

    /// Where `len` bytes of shared memory lie for us; `None` for private memory.
    pub fn place(&self, at: u64, len: usize) -> Option<*mut u8> {
        let file = self.within(at, len)?;
        // SAFETY: in range, by `within`.
        Some(unsafe { file.at.get().add((at - self.base) as usize) })
    }

    fn within(&self, at: u64, len: usize) -> Option<&MemoryFile> {
        let end = at.checked_add(len as u64)?;
        (at >= self.base && end <= self.top() && self.kind != Kind::Text)
            .then_some(self.file.as_ref())
            .flatten()
    }
}

/// The file behind every untouched page of every stack (`port/fault.c:fixfault`).
pub fn stack_pattern(fill: u8) -> io::Result<MemoryFile> {
    let file = MemoryFile::new()?;
    file.resize(USTKSIZE)?;
    // SAFETY: the mapping is as long as the file.
    unsafe { std::ptr::write_bytes(file.at.get(), fill, USTKSIZE as usize) };
    Ok(file)
}

/// The segments of a proc.
pub type Space = Vec<Rc<Segment>>;

/// The segment that holds an address.
pub fn find(space: &Space, at: u64) -> Option<&Rc<Segment>> {
    space.iter().find(|segment| segment.contains(at))
}

/// Whether every byte of a range lies in a segment, one that can be written if `write`
/// (`port/fault.c:okaddr`). An empty range needs its address mapped too.
pub fn okay(space: &Space, at: u64, len: usize, write: bool) -> bool {
    let Some(end) = at.checked_add(len as u64) else { return false };
    let mut at = at;
    loop {
        match find(space, at) {
            Some(segment) if !write || segment.writable() => {
                if end <= segment.top() {
                    return true;
                }
                at = segment.top();
            }
            _ => return false,
        }
    }
}

/// A segment in the way of a range, if one is (`port/segment.c:isoverlap`).
pub fn overlap(space: &Space, base: u64, top: u64) -> Option<&Rc<Segment>> {
    space.iter().find(|segment| base < segment.top() && segment.base < top)
}
