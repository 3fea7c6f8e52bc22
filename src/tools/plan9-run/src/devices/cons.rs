//! The console and the machine's small files, device `#c` (`port/devcons.c`).

use super::stdio::Stdio;
use super::{NOBODY, bytes, count, entry, find, node, number, part};
use crate::dev::{self, Device, Entry, Node, QTDIR, Result, Started, Value, error};
use crate::kernel::{Kernel, tsc};
use plan9_abi::flags::open;
use std::io::Read;

/// The device.
pub struct Console;

macro_rules! files {
    ($($name:ident = $text:literal, $mode:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum File { $($name),* }
        /// Every file with its permissions; the qid's path is the place in this list and one.
        const FILES: &[(File, &str, u32)] = &[$((File::$name, $text, $mode)),*];
    };
}

files! {
    Bintime = "bintime", 0o664;
    Cons = "cons", 0o660;
    ConsCtl = "consctl", 0o220;
    CpuTime = "cputime", 0o444;
    Drivers = "drivers", 0o444;
    HostDomain = "hostdomain", 0o664;
    HostOwner = "hostowner", 0o664;
    KernelPrint = "kprint", 0o440;
    Null = "null", 0o666;
    OsVersion = "osversion", 0o444;
    PgrpId = "pgrpid", 0o444;
    Pid = "pid", 0o444;
    ParentPid = "ppid", 0o444;
    Random = "random", 0o444;
    Reboot = "reboot", 0o660;
    Swap = "swap", 0o664;
    SysName = "sysname", 0o664;
    SysStat = "sysstat", 0o666;
    Time = "time", 0o664;
    User = "user", 0o666;
    Zero = "zero", 0o444;
}

fn file(node: &Node) -> Result<(File, &'static str, u32)> {
    let place = (node.qid.path as usize).checked_sub(1);
    place.and_then(|place| FILES.get(place)).copied().ok_or(error("file does not exist"))
}

fn node_of(place: usize) -> Node {
    node('c', place as u64 + 1, 0)
}

impl Device for Console {
    fn letter(&self) -> char {
        'c'
    }

    fn attach(&self, _k: &mut Kernel, _pid: dev::Pid, _spec: &str) -> Result<Node> {
        Ok(node('c', 0, QTDIR))
    }

    fn walk(&self, _k: &mut Kernel, _pid: dev::Pid, _from: &Node, name: &str) -> Result<Node> {
        let place = FILES.iter().position(|&(_, text, _)| text == name);
        place.map(node_of).ok_or(error("file does not exist"))
    }

    fn stat(&self, k: &mut Kernel, _pid: dev::Pid, node: &Node) -> Result<Entry> {
        if node.qid.kind & QTDIR != 0 {
            return Ok(entry(k, node, "#c", 0o555, 0));
        }
        let (_, name, mode) = file(node)?;
        Ok(entry(k, node, name, mode, 0))
    }

    fn entries(&self, k: &mut Kernel, pid: dev::Pid, _node: &Node) -> Result<Vec<Entry>> {
        (0..FILES.len()).map(|place| self.stat(k, pid, &node_of(place))).collect()
    }

    fn open(&self, k: &mut Kernel, _pid: dev::Pid, node: &Node, mode: u32) -> Started {
        let (wanted, have) = (
            mode & 3,
            if node.qid.path == 0 { 0o444 } else { FILES[node.qid.path as usize - 1].2 },
        );
        let refused = matches!(wanted, open::READ | open::RDWR) && have & 0o400 == 0
            || matches!(wanted, open::WRITE | open::RDWR) && have & 0o200 == 0
            || wanted == open::EXEC;
        if refused {
            return Started::Done(Err(error("permission denied")));
        }
        if let Ok((File::KernelPrint, ..)) = file(node)
            && std::mem::replace(&mut k.kprint_open, true)
        {
            return Started::Done(Err(error("device or object already in use")));
        }
        Started::Done(Ok(Value::File(node.clone())))
    }

    fn close(&self, k: &mut Kernel, node: &Node) {
        if let Ok((File::KernelPrint, ..)) = file(node) {
            k.kprint_open = false;
        }
    }

    fn read(&self, k: &mut Kernel, pid: dev::Pid, node: &Node, n: usize, offset: u64) -> Started {
        let (file, ..) = match file(node) {
            Ok(file) => file,
            Err(why) => return Started::Done(Err(why)),
        };
        let proc = |of: fn(&crate::kernel::Proc) -> u64| k.proc(pid).map_or(0, of);
        match file {
            File::Cons => Stdio.read(k, pid, &super::stdio::stdio_node(0), n, offset),
            File::Null => bytes(Vec::new()),
            File::Zero => bytes(vec![0; n]),
            File::Random => bytes(random(n)),
            File::Bintime => bytes(bintime(k, n)),
            File::Time => part(&time(k), n, offset),
            File::Pid => part(&number(pid.into()), n, offset),
            File::ParentPid => part(&number(proc(|proc| proc.ppid.into())), n, offset),
            File::PgrpId => part(&number(1), n, offset),
            File::OsVersion => part(b"2000", n, offset),
            File::SysName => part(b"gnot", n, offset),
            File::HostDomain => part(b"", n, offset),
            File::HostOwner => part(k.options.user.as_bytes(), n, offset),
            File::User => {
                let user = k.proc(pid).map_or(String::new(), |proc| proc.user.clone());
                part(user.as_bytes(), n, offset)
            }
            File::SysStat => part(&sysstat(), n, offset),
            File::Swap => part(&swap(), n, offset),
            File::CpuTime => part(&cpu_time(k, pid), n, offset),
            // Nobody looks at the kernel's own messages here: there are none.
            File::KernelPrint => bytes(Vec::new()),
            File::Reboot => Started::Done(Err(error("permission denied"))),
            File::Drivers => {
                let letters = ['c', 'd', 'e', 'I', 'p', 's', '|'];
                let known = letters.iter().filter(|&&letter| find(letter).is_some());
                let text: String = known.map(|letter| format!("#{letter}\n")).collect();
                part(text.as_bytes(), n, offset)
            }
            File::ConsCtl => Started::Done(Err(error("permission denied"))),
        }
    }

    fn write(
        &self,
        k: &mut Kernel,
        pid: dev::Pid,
        node: &Node,
        data: &[u8],
        offset: u64,
    ) -> Started {
        match file(node) {
            Ok((File::Cons, ..)) => Stdio.write(k, pid, &super::stdio::stdio_node(1), data, offset),
            Ok((File::Null | File::ConsCtl, ..)) => count(data.len()),
            Ok((File::Time, ..)) if !is_time(data) => Started::Done(Err(error("bad time control"))),
            Ok((File::Reboot, ..)) if !is_reboot(data) => {
                let text = String::from_utf8_lossy(data);
                let text = text.trim_end_matches('\n');
                let why = format!("unknown control message \"{text}\"");
                Started::Done(Err(dev::Error(why.into())))
            }
            // The host's clock and the machine itself are not the program's to set; what else is well formed ends here.
            // Anyone can become none (`port/auth.c:userwrite`).
            Ok((File::User, ..)) if data == NOBODY.as_bytes() => {
                if let Some(proc) = k.procs.get_mut(&pid) {
                    proc.user = NOBODY.into();
                }
                count(data.len())
            }
            Ok((File::SysName, ..)) if data.is_empty() => {
                Started::Done(Err(error("bad arg in system call")))
            }
            Ok(_) => Started::Done(Err(error("permission denied"))),
            Err(why) => Started::Done(Err(why)),
        }
    }
}

/// Seconds since 1970 as the kernel takes them, which a proc may not set here.
fn is_time(data: &[u8]) -> bool {
    const LONGEST: usize = 12;
    data.len() <= LONGEST && data.trim_ascii().iter().all(u8::is_ascii_digit) && !data.is_empty()
}

/// What `/dev/reboot` understands, and may not be done here.
fn is_reboot(data: &[u8]) -> bool {
    let verb = data.split(u8::is_ascii_whitespace).next().unwrap_or(b"");
    matches!(verb, b"halt" | b"reboot" | b"panic")
}

/// From the host's own generator.
fn random(n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    match read {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// Nanoseconds since 1970, ticks, ticks a second, and since 2025-04-07 monotonic nanoseconds; big-endian. A read gives
/// as many whole words as fit.
fn bintime(k: &Kernel, n: usize) -> Vec<u8> {
    let (ticks, hz) = ticks(k);
    let words = [k.now_ns(), ticks, hz, k.mono_ns()];
    let whole = (n / 8).min(if k.options.old() { 3 } else { words.len() });
    words[..whole].iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// What the machine's clock counts, and its Hz.
fn ticks(k: &Kernel) -> (u64, u64) {
    // With --inject the clock is one that can be moved.
    let counter = if k.options.inject.is_some() { None } else { tsc::ticks() };
    counter.unwrap_or((k.mono_ns(), 1_000_000_000))
}

/// Seconds and nanoseconds since 1970, ticks, ticks a second, and since 2025-04-07 monotonic nanoseconds: 100 bytes,
/// before that 78.
fn time(k: &Kernel) -> Vec<u8> {
    let now = k.now_ns();
    let mono = k.mono_ns();
    let (ticks, hz) = ticks(k);
    let text = format!("{:11} {now:21} {ticks:21} {hz:21} {mono:20} ", now / 1_000_000_000);
    let mut text = text.into_bytes();
    text.resize(if k.options.old() { 78 } else { 100 }, b' ');
    text
}

/// A line of ten numbers for each processor; 121 bytes with the newline.
fn sysstat() -> Vec<u8> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = Vec::new();
    for processor in 0..processors {
        let mut line: Vec<u8> = number(processor as u64);
        line.extend(number(0).repeat(9));
        line.push(b'\n');
        text.extend(line);
    }
    text
}

/// User, system and real time of the proc and of its children that are gone, in milliseconds.
fn cpu_time(k: &Kernel, pid: dev::Pid) -> Vec<u8> {
    let Some(proc) = k.proc(pid) else { return Vec::new() };
    let [user, system] = proc.children_times();
    let times = proc.times(k.mono_ns()).into_iter().chain([user, system, 0]);
    times.flat_map(number).collect()
}

/// Memory and page size; programs look for the page size (`port/devcons.c:memsize`).
fn swap() -> Vec<u8> {
    const PAGES: u64 = 1 << 20;
    let page = plan9_abi::layout::PAGE;
    format!(
        "{} memory\n{page} pagesize\n{} kernel\n0/{PAGES} user\n0/0 swap\n0/0/0 kernel malloc\n0/0/0 kernel draw\n",
        PAGES * page, 0
    )
    .into_bytes()
}
