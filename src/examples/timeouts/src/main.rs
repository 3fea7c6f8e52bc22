//! What `set_read_timeout`, `set_write_timeout` and `connect_timeout` do on Plan 9, through real TCP on loopback.
//!
//! Three servers: one never answers, one trickles, one never reads. Each line says what a timeout did and how late it
//! fired. The program ends with a status if any fired early or a byte was miscounted.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// How an expired wait is told.
fn is_timeout(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

fn check(holds: bool, what: &str) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::other(what.to_string())) }
}

/// Runs a wait that must time out; gives how late it was.
fn late<T>(timeout: Duration, wait: impl FnOnce() -> io::Result<T>) -> io::Result<Duration> {
    let start = Instant::now();
    let result = wait();
    let took = start.elapsed();
    match result {
        Err(why) if is_timeout(&why) => {
            took.checked_sub(timeout).ok_or_else(|| io::Error::other("a timeout fired early"))
        }
        Err(why) => Err(why),
        Ok(_) => Err(io::Error::other("a wait that must time out did not")),
    }
}

/// A listener whose first caller is handed to `serve` on a thread of its own.
fn serve(serve: impl FnOnce(TcpStream) + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            serve(stream);
        }
    });
    Ok(address)
}

/// Keeps a stream open and does nothing with it.
fn hold(stream: TcpStream) {
    let _stream = stream;
    thread::park_timeout(Duration::from_secs(600));
}

fn never_answers() -> io::Result<()> {
    println!("a server that never answers");
    let mut stream = TcpStream::connect(serve(hold)?)?;
    let mut buffer = [0; 64];
    for micros in [1, 999, 1_000, 20_000, 250_000] {
        let timeout = Duration::from_micros(micros);
        stream.set_read_timeout(Some(timeout))?;
        let late = late(timeout, || stream.read(&mut buffer))?;
        println!("  read, {timeout:?}: timed out, {late:.1?} late");
    }
    Ok(())
}

fn trickles() -> io::Result<()> {
    const STEP: Duration = Duration::from_millis(60);
    const COUNT: usize = 5;
    println!("a server that sends a byte every {STEP:?}");
    let address = serve(|mut stream| {
        for byte in 0..COUNT as u8 {
            thread::sleep(STEP);
            if stream.write_all(&[byte]).is_err() {
                return;
            }
        }
        hold(stream);
    })?;
    let mut stream = TcpStream::connect(address)?;
    let mut buffer = [0; 64];
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    for expected in 0..2 {
        check(stream.read(&mut buffer)? == 1 && buffer[0] == expected, "a byte went astray")?;
    }
    println!("  two reads, 5s: a byte each");
    let timeout = Duration::from_millis(25);
    stream.set_read_timeout(Some(timeout))?;
    let (mut expired, mut got) = (0, 2);
    while got < COUNT {
        let start = Instant::now();
        match stream.read(&mut buffer) {
            Ok(1) => {
                check(usize::from(buffer[0]) == got, "a byte was lost or doubled")?;
                got += 1;
            }
            Ok(n) => return Err(io::Error::other(format!("{n} bytes at once"))),
            Err(why) if is_timeout(&why) => {
                check(start.elapsed() >= timeout, "a timeout fired early")?;
                expired += 1;
            }
            Err(why) => return Err(why),
        }
    }
    println!("  the rest, {timeout:?}: {expired} timeouts, every byte once");
    Ok(())
}

fn never_reads() -> io::Result<()> {
    println!("a server that never reads, until it is told to");
    let (go, told) = std::sync::mpsc::channel();
    let (tell, counted) = std::sync::mpsc::channel();
    let address = serve(move |mut stream| {
        let _ = told.recv();
        let (mut buffer, mut sum, mut total) = ([0; 8192], 0u64, 0);
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            sum =
                buffer[..n].iter().fold(sum, |sum, &b| sum.wrapping_mul(31).wrapping_add(b.into()));
            total += n;
        }
        let _ = tell.send((total, sum));
    })?;
    let mut stream = TcpStream::connect(address)?;
    let timeout = Duration::from_millis(100);
    stream.set_write_timeout(Some(timeout))?;
    let (mut written, mut sum, mut expired) = (0usize, 0u64, 0);
    let mut worst = Duration::ZERO;
    while expired < 3 {
        let piece: Vec<u8> = (written..written + 30_000).map(|n| (n * 7 % 251) as u8).collect();
        let start = Instant::now();
        match stream.write(&piece) {
            Ok(n) => {
                sum =
                    piece[..n].iter().fold(sum, |s, &b| s.wrapping_mul(31).wrapping_add(b.into()));
                written += n;
            }
            Err(why) if is_timeout(&why) => {
                let took = start.elapsed();
                check(took >= timeout, "a timeout fired early")?;
                worst = worst.max(took - timeout);
                expired += 1;
            }
            Err(why) => return Err(why),
        }
    }
    println!(
        "  writes, {timeout:?}: {written} bytes taken, then {expired} timeouts, {worst:.1?} late at most"
    );
    let _ = go.send(());
    drop(stream);
    let (total, their_sum) = counted.recv().map_err(io::Error::other)?;
    check((total, their_sum) == (written, sum), "the server read other bytes than were written")?;
    println!("  the server then read {total} bytes, the very ones");
    Ok(())
}

fn settings() -> io::Result<()> {
    let address = serve(hold)?;
    let zero = TcpStream::connect_timeout(&address, Duration::ZERO).map(drop);
    check(zero.is_err_and(|why| why.kind() == ErrorKind::InvalidInput), "connect took zero")?;
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    println!("connect_timeout, 5s: connected to {}", stream.peer_addr()?);
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        let zero = set(&stream, Some(Duration::ZERO));
        check(zero.is_err_and(|why| why.kind() == ErrorKind::InvalidInput), "zero was taken")?;
        set(&stream, Some(Duration::MAX))?;
    }
    check(stream.try_clone()?.read_timeout()? == Some(Duration::MAX), "a clone differs")?;
    println!("zero is refused by all three; Duration::MAX is kept and shared with clones");
    Ok(())
}

fn main() -> ExitCode {
    for part in [settings, never_answers, trickles, never_reads] {
        if let Err(why) = part() {
            println!("failed: {why}");
            return ExitCode::FAILURE;
        }
    }
    println!("all timeouts fired on time, and every byte was counted");
    ExitCode::SUCCESS
}
