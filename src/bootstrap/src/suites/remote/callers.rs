//! Callers that have not the key, or have it and do what is not allowed: each is refused or dropped, and the next client
//! is served.

use super::Bench;
use super::server::{Call, Server};
use anyhow::{Context, Result, ensure};
use plan9_remote_protocol::wire::{self, Receiver, Sender};
use plan9_remote_protocol::{Key, Message, Request};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

fn random(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

/// Waits until the other end has closed without a word.
fn dropped(mut stream: TcpStream) -> Result<()> {
    match stream.read(&mut [0]) {
        Ok(0) => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        other => Err(anyhow::anyhow!("not dropped: {other:?}")),
    }
}

pub fn another_key(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let folder = tempfile::tempdir()?;
    let other = folder.path().join("other");
    fs::write(&other, Key::generate(random)?.text())?;
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600))?;
    let ended = server.call(&[]).key(&other).run(&["report"])?;
    ensure!(ended.code == 1 && ended.stderr.contains("let nobody in"), "{}", ended.stderr);
    ensure!(ended.stdout.is_empty(), "something ran: {}", ended.stdout);
    server.is_empty()?;
    server.serves()
}

pub fn garbage(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mut noise = vec![0; 10_000];
    random(&mut noise)?;
    noise[..2].copy_from_slice(&[0, 48]);
    for bytes in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &noise, &[0xff; 4096], &[0; 64]] {
        let mut stream = server.connect()?;
        // It may have closed before all is written.
        let _ = stream.write_all(bytes);
        dropped(stream)?;
    }
    server.is_empty()?;
    server.serves()
}

pub fn lengths(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    for length in [0u16, 1, 47, 49, 32_768, 65_535] {
        let mut stream = server.connect()?;
        stream.write_all(&length.to_be_bytes())?;
        let start = Instant::now();
        dropped(stream)?;
        ensure!(start.elapsed() < Duration::from_secs(5), "{length}: it waited for so many bytes");
    }
    // One that has the key, and then a frame that is too long.
    let (mut stream, _, _) = member(&server)?;
    stream.write_all(&[0xff, 0xff])?;
    dropped(stream)?;
    server.serves()
}

/// More callers that say nothing, or half a word, than are kept: the next client is served all the same, and while they
/// are there.
pub fn silent(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mut callers = Vec::new();
    for number in 0..40 {
        let mut stream = server.connect()?;
        if number % 2 == 1 {
            // The machine resets what waits behind ten others.
            let _ = stream.write_all(&[0, 48, 1, 2, 3]);
        }
        callers.push(stream);
    }
    server.serves()?;
    // The oldest had to go for the newest.
    for oldest in callers.drain(..20) {
        dropped(oldest)?;
    }
    // The rest have their time, and no more.
    let start = Instant::now();
    callers.into_iter().try_for_each(dropped)?;
    ensure!(start.elapsed() < Duration::from_secs(30), "they were kept {:?}", start.elapsed());
    server.serves()
}

/// One byte a second is progress, and yet the time for the handshake passes.
pub fn slow(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    let mut stream = server.connect()?;
    let start = Instant::now();
    let bytes = [&[0, 48][..], &[7; 48]].concat();
    for byte in bytes {
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_secs(1));
        if start.elapsed() > Duration::from_secs(5) && start.elapsed() < Duration::from_secs(6) {
            server.serves()?;
        }
    }
    let took = start.elapsed();
    ensure!(took < Duration::from_secs(25), "it was kept {took:?}");
    dropped(stream)?;
    server.serves()
}

/// The connection of one that has the key.
fn member(server: &Server) -> Result<(TcpStream, Sender<TcpStream>, Receiver<TcpStream>)> {
    let key = Key::parse(&fs::read(server.key())?).context("no key")?;
    let mut stream = server.connect()?;
    let secret = wire::initiate(&mut stream, &key, random)?;
    let sender = Sender::client(secret.clone(), stream.try_clone()?)?;
    let receiver = Receiver::client(secret, stream.try_clone()?);
    Ok((stream, sender, receiver))
}

pub fn messages(bench: &Bench<'_>) -> Result<()> {
    let server = bench.server()?;
    // Names that lead out of the folder, and a file twice.
    let plain = Request { program: "p".into(), ..Request::default() };
    let file = |name| Message::File { name, mode: 0o700 };
    for (request, files, said) in [
        (&plain, &["../escaped"][..], "no name below"),
        (&plain, &["program/p", "/tmp/escaped"], "no name below"),
        (&plain, &["#s/escaped"], "no name below"),
        (&plain, &["program/p", "program/p"], "cannot be made there"),
        (&plain, &["program/p"], "cannot be started there"),
        (&plain, &[], "cannot be started there"),
        (&Request { program: "../p".into(), ..Request::default() }, &[], "no name of a program"),
    ] {
        let (_stream, mut sender, mut receiver) = member(&server)?;
        sender.send(&Message::Request(&request.encode()?))?;
        for name in files {
            sender.send(&file(name))?;
            sender.send(&Message::Content(b"content"))?;
        }
        sender.send(&Message::Start)?;
        match receiver.receive()? {
            Message::Refused(why) => ensure!(why.contains(said), "{files:?}: {why}"),
            other => anyhow::bail!("{files:?}: {other:?}"),
        }
    }
    // What a client does not say, or not then, and a request that is none.
    let (stream, mut sender, _receiver) = member(&server)?;
    sender.send(&Message::InputRoom(5))?;
    dropped(stream)?;
    let (stream, mut sender, _receiver) = member(&server)?;
    sender.send(&Message::Request(b"\xff\xff\xff\xff\xff"))?;
    sender.send(&Message::Start)?;
    dropped(stream)?;
    // More input than there is room for ends the run.
    let (stream, mut sender, mut receiver) = member(&server)?;
    let request =
        Request { program: "p".into(), args: vec![b"deaf".into(), b"600".into()], ..plain };
    sender.send(&Message::Request(&request.encode()?))?;
    sender.send(&Message::File { name: "program/p", mode: 0o700 })?;
    for part in fs::read(&bench.subject)?.chunks(16_384) {
        sender.send(&Message::Content(part))?;
    }
    sender.send(&Message::Start)?;
    let output =
        Message::Output { output: plan9_remote_protocol::Output::Stdout, bytes: b"deaf\n" };
    let first = receiver.receive()?;
    ensure!(first == output, "{first:?}");
    for _ in 0..100 {
        if sender.send(&Message::Input(&[0; 16_384])).is_err() {
            break;
        }
    }
    // What the program's pipe has taken is room again, and its end takes no more.
    while let Ok(message) = receiver.receive() {
        let said = matches!(message, Message::InputRoom(_) | Message::InputShut);
        ensure!(said, "{message:?}");
    }
    drop(stream);
    super::until("the run has ended", || Ok(server.is_empty().ok()))?;
    server.is_alone()?;
    server.serves()?;
    // It makes nothing of a key that is not there.
    let none = Call::local(&bench.layout.tools().join("plan9-run"), &bench.layout.server());
    let ended = none.run(&["-k", "/no/such/key"])?;
    ensure!(ended.code == 1 && ended.stderr.contains("--new-key"), "{}", ended.stderr);
    Ok(())
}
