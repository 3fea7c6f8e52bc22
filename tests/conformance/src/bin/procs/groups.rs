//! What a child shares with its parent: memory, environment, descriptors, directory, name space.

use conformance::family::{exits, message, sbrk, spawn};
use conformance::{raw, say};
use core::ptr;
use core::sync::atomic::AtomicI32;
use plan9_abi::flags::{bind, open, rfork};
use plan9_abi::sys::file;
use plan9_abi::sysno;

static IN_BSS: AtomicI32 = AtomicI32::new(0);
static IN_DATA: AtomicI32 = AtomicI32::new(1);

pub fn run() {
    use rfork::{CENVG, CFDG, ENVG, FDG, MEM, NAMEG};
    share("RFPROC|RFMEM", MEM);
    share("RFPROC", 0);
    groups("RFPROC|RFMEM", MEM);
    groups("RFPROC|RFFDG|RFENVG|RFNAMEG", FDG | ENVG | NAMEG);
    groups("RFPROC|RFCFDG|RFCENVG", CFDG | CENVG);
}

fn share(what: &str, flags: u32) {
    let attach = |class: &core::ffi::CStr| {
        raw(sysno::SEGATTACH, [0, class.as_ptr() as usize, 0, 4096, 0]) as usize
    };
    let mut on_stack = 0i32;
    let (shared, memory) = (attach(c"shared"), attach(c"memory"));
    let words: [*mut i32; 6] = [
        &raw mut on_stack,
        IN_BSS.as_ptr(),
        IN_DATA.as_ptr(),
        sbrk(4096) as *mut i32,
        shared as *mut i32,
        memory as *mut i32,
    ];
    let set = |value: i32| {
        for word in words {
            // SAFETY: memory of this program, that nobody else touches before the child has ended.
            unsafe { ptr::write_volatile(word, value) };
        }
    };
    set(1);
    spawn(flags, || set(2));
    message();
    // SAFETY: as above.
    let [stack, bss, data, heap, s, m] = words.map(|at| unsafe { ptr::read_volatile(at) } - 1);
    say!(
        "{what}: the parent sees what the child wrote in: stack {stack}, bss {bss}, data {data}, heap {heap}, segment 'shared' {s}, segment 'memory' {m}"
    );
    raw(sysno::SEGDETACH, [shared, 0, 0, 0, 0]);
    raw(sysno::SEGDETACH, [memory, 0, 0, 0, 0]);
}

fn exists(name: &core::ffi::CStr) -> bool {
    file::stat(name, &mut [0; 512]).is_ok()
}

fn is_open(fd: i32) -> bool {
    file::fstat(fd, &mut [0; 512]).is_ok()
}

fn groups(what: &str, flags: u32) {
    let make = |name, text: &[u8]| {
        conformance::family::put(file::create(name, open::WRITE, 0o666), text);
    };
    make(c"/env/p", b"parent");
    let _ = file::remove(c"/env/c");
    let _ = file::close(30);
    let _ = file::dup(1, 31);
    let _ = file::chdir(c"/dev");
    raw(sysno::UNMOUNT, [0, c"/tmp/m".as_ptr() as usize, 0, 0, 0]);
    spawn(flags, || {
        let (variable, descriptor) = (exists(c"/env/p"), is_open(31));
        make(c"/env/c", b"");
        let _ = file::dup(31, 30);
        let _ = file::close(31);
        let _ = file::chdir(c"/env");
        let _ = file::bind(c"#c", c"/tmp/m", bind::REPL);
        exits(format_args!("{} {}", u8::from(variable), u8::from(descriptor)));
    });
    let text = message();
    let seen = text.as_str().rsplit(": ").next().unwrap_or("").trim_end_matches('\'');
    let (theirs_variable, theirs_descriptor) = seen.split_once(' ').unwrap_or(("?", "?"));
    let variable = u8::from(exists(c"/env/c"));
    let (new, closed) = (u8::from(is_open(30)), u8::from(!is_open(31)));
    let mut dot = [0; 512];
    if let Ok(fd) = file::open(c".", open::READ) {
        let _ = file::fd2path(fd, &mut dot);
        let _ = file::close(fd);
    }
    let directory = u8::from(dot.starts_with(b"/env\0"));
    let bound = u8::from(exists(c"/tmp/m/null"));
    say!(
        "{what}: the child sees the parent's variable: {theirs_variable}, descriptor: {theirs_descriptor}; the parent sees the child's variable: {variable}, new descriptor: {new}, closed one: {closed}, directory: {directory}, bind: {bound}"
    );
}
