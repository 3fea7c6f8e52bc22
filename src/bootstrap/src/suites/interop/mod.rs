//! Programs in the machine against peers on the host (`tests/interop`): the peers are threads of ours, so that what a
//! program meets is Linux's TCP and nothing that we wrote for the machine. Another machine has no way to this host by the
//! address 10.0.2.2, so the suite is for the embedded one.

pub mod peer;

use super::{Report, programs};
use crate::layout::Layout;
use anyhow::{Context, Result, bail, ensure};
use peer::Peer;
use programs::Ended;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// One test: it starts the peers and the program, and compares.
type Case = fn(&Machine) -> Result<()>;

const CASES: &[(&str, Case)] = &[
    ("echo", echo),
    ("reads", reads),
    ("writes, scaled window", writes_scaled),
    ("writes, small window", writes_small),
    ("single bytes", single_bytes),
    ("ends", ends),
    ("slow connect", slow_connect),
    ("connect goes on", connect_goes_on),
    ("files", files),
    ("pending data at the exit", pending),
    ("published ports", published),
];

/// Where the programs are.
struct Machine<'a> {
    layout: &'a Layout,
    programs: PathBuf,
}

impl Machine<'_> {
    fn run(&self, flags: &[&str], name: &str, args: &[u64]) -> Result<Ended> {
        let args: Vec<String> = args.iter().map(u64::to_string).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = programs::run(self.layout, flags, &self.programs.join(name), &args)?;
        ensure!(ended.code == 0, "exit code {}\n{}{}", ended.code, ended.stdout, ended.stderr);
        Ok(ended)
    }
}

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    if !layout.machine.is_embedded() {
        for (name, _) in CASES.iter().filter(|(name, _)| name.contains(part)) {
            report.skip(&format!("interop/{name}"), "its peers are on this host, at 10.0.2.2");
        }
        return Ok(());
    }
    let built = programs::build(layout, "tests/interop", "interop", &[])?;
    let machine = Machine { layout, programs: built.join("debug") };
    for (name, case) in CASES {
        if name.contains(part) {
            report.record(&format!("interop/{name}"), case(&machine));
        }
    }
    Ok(())
}

fn echo(machine: &Machine<'_>) -> Result<()> {
    let echo = Peer::new(|mut stream| {
        let mut buffer = vec![0; 40_000];
        let mut left: usize = 16 << 20;
        while left > 0 {
            let n = stream.read(&mut buffer)?;
            ensure!(n > 0, "{left} bytes have not come");
            stream.write_all(&buffer[..n])?;
            left -= n;
        }
        Ok(String::new())
    })?;
    let ended = machine.run(&[], "echo", &[echo.port.into()])?;
    echo.end()?;
    let expected = "from 10.0.2.15 to 10.0.2.2\n16777216 bytes there and back\nthen the end\n";
    programs::same("standard output", expected, &ended.stdout)
}

fn reads(machine: &Machine<'_>) -> Result<()> {
    const COUNT: u64 = 200;
    let silent = Peer::new(|mut stream| {
        stream.read_exact(&mut [0])?;
        stream.write_all(b"!")?;
        // Until the caller is gone.
        Ok(format!("{:?}", stream.read(&mut [0]).map_err(|why| why.kind())))
    })?;
    let trickle = Peer::new(|mut stream| {
        for place in 0..COUNT {
            // Round the caller's timeout of 3 ms, so that bytes and timeouts race.
            thread::sleep(Duration::from_micros(1500 + place % 7 * 1000));
            stream.write_all(&[peer::byte_at(place)])?;
        }
        Ok(String::new())
    })?;
    let ended = machine.run(&[], "reads", &[silent.port.into(), trickle.port.into(), COUNT])?;
    silent.end()?;
    trickle.end()?;
    let expected = format!(
        "silent: no timeout early, then a byte\ntrickle: {COUNT} bytes once and in order\n"
    );
    programs::same("standard output", &expected, &ended.stdout)
}

/// A peer that stalls, then drains in fits, and the program that writes to it under timeouts.
fn writes(machine: &Machine<'_>, drain: Peer, total: u64, longest_ms: u64) -> Result<()> {
    let ended = machine.run(&[], "writes", &[drain.port.into(), total, longest_ms])?;
    programs::same("what arrived", &format!("{total}\n"), &format!("{}\n", drain.end()?))?;
    println!("  {total} bytes; {}", ended.stdout.trim_end());
    let expired = ended.stdout.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    ensure!(expired.is_some_and(|n| n >= 100), "fewer than 100 timeouts: {}", ended.stdout);
    Ok(())
}

fn writes_scaled(machine: &Machine<'_>) -> Result<()> {
    let drain = Peer::new(|mut stream| {
        thread::sleep(Duration::from_secs(1));
        peer::read_in_fits(&mut stream, 512 << 10, Duration::from_millis(40)).map(|n| n.to_string())
    })?;
    writes(machine, drain, 40 << 20, 20)
}

fn writes_small(machine: &Machine<'_>) -> Result<()> {
    let drain = Peer::with_buffer(8 << 10, |mut stream| {
        thread::sleep(Duration::from_secs(1));
        peer::read_in_fits(&mut stream, 256 << 10, Duration::from_millis(40)).map(|n| n.to_string())
    })?;
    writes(machine, drain, 20 << 20, 20)
}

fn ends(machine: &Machine<'_>) -> Result<()> {
    let closes = Peer::new(|mut stream| Ok(stream.write_all(b"hello").map(|()| String::new())?))?;
    let resets = Peer::new(|mut stream| {
        stream.write_all(b"hello")?;
        thread::sleep(Duration::from_millis(50));
        peer::reset(stream)?;
        Ok(String::new())
    })?;
    let stalls = Peer::new(|stream| {
        thread::sleep(Duration::from_millis(700));
        peer::reset(stream)?;
        Ok(String::new())
    })?;
    let nobody = peer::listener()?.local_addr()?.port();
    let ports = [closes.port, resets.port, stalls.port, nobody].map(u64::from);
    let ended = machine.run(&[], "ends", &ports)?;
    for peer in [closes, resets, stalls] {
        peer.end()?;
    }
    let expected = "closed: read 5\nclosed: read 0\nclosed: write 1\nclosed: write BrokenPipe\n\
                    reset: read ConnectionReset, what had come is gone\nreset: read 0\n\
                    reset: write BrokenPipe\n\
                    reset under a writer: BrokenPipe\nnobody: ConnectionRefused true\n";
    programs::same("standard output", expected, &ended.stdout)
}

fn single_bytes(machine: &Machine<'_>) -> Result<()> {
    const TOTAL: u64 = 40_000;
    let drain = Peer::with_buffer(4 << 10, |mut stream| {
        thread::sleep(Duration::from_millis(700));
        peer::read_in_fits(&mut stream, 10_000, Duration::from_millis(100)).map(|n| n.to_string())
    })?;
    machine.run(&[], "single_bytes", &[drain.port.into(), TOTAL])?;
    programs::same("what arrived", &TOTAL.to_string(), &drain.end()?)
}

/// A listener with as many callers as it keeps: later ones get no answer.
fn full_listener() -> Result<(TcpListener, Vec<TcpStream>)> {
    let listener = peer::listener()?;
    rustix::net::listen(&listener, 0)?;
    let address = listener.local_addr()?;
    let mut kept = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        kept.push(stream);
        ensure!(kept.len() < 10, "the queue of the listener does not fill");
    }
    Ok((listener, kept))
}

fn slow_connect(machine: &Machine<'_>) -> Result<()> {
    let (listener, _kept) = full_listener()?;
    let port = listener.local_addr()?.port();
    let ended = machine.run(&[], "slow_connect", &[port.into()])?;
    programs::same("standard output", "no call timed out early\n", &ended.stdout)
}

fn connect_goes_on(machine: &Machine<'_>) -> Result<()> {
    let (listener, kept) = full_listener()?;
    let port = listener.local_addr()?.port();
    let answering = thread::spawn(move || -> Result<()> {
        thread::sleep(Duration::from_millis(800));
        for _ in &kept {
            peer::accept(&listener)?;
        }
        // The call that gave up while the queue filled may still be there.
        loop {
            let mut stream = peer::accept(&listener)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            let mut bytes = [0; 5];
            if stream.read_exact(&mut bytes).is_ok() {
                ensure!(&bytes == b"early", "{bytes:?} came");
                stream.write_all(b"late")?;
                // Until the caller is gone.
                let _ = stream.read(&mut [0]);
                return Ok(());
            }
        }
    });
    let ended = machine.run(&[], "goes_on", &[port.into()])?;
    ensure!(answering.join().is_ok_and(|ended| ended.is_ok()), "the peer failed");
    let expected = "interrupted true, Syn_sent\nagain: false\nthen Established\nread Some(4)\n";
    programs::same("standard output", expected, &ended.stdout)
}

fn files(machine: &Machine<'_>) -> Result<()> {
    // It has read nothing when it ends its stream, and is reset.
    let small = Peer::with_buffer(8 << 10, |mut stream| {
        thread::sleep(Duration::from_millis(200));
        stream.write_all(b"hello")?;
        stream.shutdown(Shutdown::Write)?;
        thread::sleep(Duration::from_millis(100));
        let arrived = rustix::io::ioctl_fionread(&stream)?;
        thread::sleep(Duration::from_millis(700));
        let end = stream.read_to_end(&mut Vec::new()).map_err(|why| why.kind());
        Ok(format!("{arrived} {end:?}"))
    })?;
    let late = || {
        Peer::new(|mut stream| {
            thread::sleep(Duration::from_millis(1500));
            let mut bytes = Vec::new();
            let end = stream.read_to_end(&mut bytes).map(|_| ()).map_err(|why| why.kind());
            let all = bytes.len() == 64 * 60_000;
            Ok(format!("{} {end:?}", if all { "all" } else { "not all" }))
        })
    };
    let (closed, hung_up) = (late()?, late()?);
    let ports = [small.port, closed.port, hung_up.port].map(u64::from);
    let ended = machine.run(&[], "files", &ports)?;
    // What the peer's kernel has not taken is in the transmit queue, whether the host's socket has it or not.
    let small = small.end()?;
    let (arrived, end) = small.split_once(' ').context("the peer says two things")?;
    let queued = 60_000 - arrived.parse::<u64>()?;
    let expected = format!(
        "remote 10.0.2.2\npeer's window 65535>>0\nClose_wait qin 5\nqout {queued}\n\
                    reads [Some(5), Some(0), Some(0), Some(0), None]\n\
                    after hangup: Closed, write fails: true\n\
                    scaled true\nafter close: Finwait1 qin 0\nreads Some(0), write fails: true\n\
                    after hangup: Closed\n"
    );
    programs::same("standard output", &expected, &ended.stdout)?;
    programs::same("after hangup", "Err(ConnectionReset)", end)?;
    programs::same("after close", "all Ok(())", &closed.end()?)?;
    programs::same("after hangup", "not all Err(ConnectionReset)", &hung_up.end()?)
}

/// A program that ends while its peer has read nothing: what it wrote arrives all the same.
fn pending(machine: &Machine<'_>) -> Result<()> {
    const TOTAL: u64 = 6 << 20;
    let drain = Peer::new(|mut stream| {
        thread::sleep(Duration::from_millis(1500));
        peer::read_in_fits(&mut stream, 1 << 20, Duration::from_millis(100)).map(|n| n.to_string())
    })?;
    // The scaled limit takes all of it at once: no timeout, and the exit comes long before the first byte is read.
    let ended = machine.run(&[], "writes", &[drain.port.into(), TOTAL, 10_000])?;
    ensure!(ended.stdout.starts_with("0 timeouts"), "{}", ended.stdout);
    programs::same("what arrived", &TOTAL.to_string(), &drain.end()?)
}

fn published(machine: &Machine<'_>) -> Result<()> {
    let free = || -> Result<u16> { Ok(peer::listener()?.local_addr()?.port()) };
    let (announced, unannounced) = (free()?, free()?);
    let flags = [format!("--publish={announced}:7777"), format!("--publish={unannounced}:7778")];
    let flags = flags.each_ref().map(String::as_str);
    thread::scope(|scope| {
        let program = scope.spawn(|| machine.run(&flags, "listens", &[7777]));
        for round in 0..3 {
            call(announced, 100_000 << round)?;
            if round == 0 {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, unannounced))?;
                let end = stream.read(&mut [0]).map_err(|why| why.kind());
                ensure!(end == Err(ErrorKind::ConnectionReset), "no reset, but {end:?}");
            }
        }
        let ended = match program.join() {
            Ok(ended) => ended?,
            Err(_) => bail!("the thread of the program panicked"),
        };
        let expected = "100000 bytes at 10.0.2.15:7777\n200000 bytes at 10.0.2.15:7777\n\
                        400000 bytes at 10.0.2.15:7777\n";
        programs::same("standard output", expected, &ended.stdout)
    })
}

/// Calls a port of the host that stands for one of the machine, and has some bytes sent back. Until the program has
/// announced its port, calls are refused or reset.
fn call(port: u16, count: usize) -> Result<()> {
    let start = Instant::now();
    let mut stream = loop {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        if let Ok(mut stream) = stream {
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            let mut first = [0];
            if stream.write_all(b"a").is_ok() && stream.read_exact(&mut first).is_ok() {
                break stream;
            }
        }
        ensure!(start.elapsed() < Duration::from_secs(20), "no program answers");
        thread::sleep(Duration::from_millis(20));
    };
    let mut reader = stream.try_clone()?;
    let sent: Vec<u8> = (1..count as u64).map(peer::byte_at).collect();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        });
        stream.write_all(&sent)?;
        stream.shutdown(Shutdown::Write)?;
        let Ok(bytes) = reading.join() else { bail!("the reading thread panicked") };
        ensure!(bytes? == sent, "other bytes came back");
        Ok(())
    })
}
