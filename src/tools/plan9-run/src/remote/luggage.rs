//! What is said before the program starts: what is to run, and the files that go along.

use anyhow::{Context, Result, ensure};
use plan9_remote_protocol::wire::Sender;
use plan9_remote_protocol::{MAX_CONTENT, MAX_REQUEST, Message, Request};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where the server keeps the program, and where that starts.
const PROGRAM: &str = "program";
const WORK: &str = "work";

/// Sends the request, the program and all that goes along with it.
pub fn send<W: Write>(
    sender: &mut Sender<W>,
    request: &Request,
    program: &Path,
    files: &[(PathBuf, String)],
) -> Result<()> {
    let bytes = request.encode().context("the request cannot be written")?;
    ensure!(
        bytes.len() <= MAX_REQUEST,
        "arguments and variables take {} bytes, and {MAX_REQUEST} is the most; pass less",
        bytes.len()
    );
    for part in bytes.chunks(MAX_CONTENT) {
        say(sender, &Message::Request(part))?;
    }
    one(sender, program, &format!("{PROGRAM}/{}", request.program), 0o500)?;
    for (file, name) in files {
        all(sender, file, &format!("{WORK}/{name}"))?;
    }
    say(sender, &Message::Start)
}

/// A file or a folder with all that is in it.
fn all<W: Write>(sender: &mut Sender<W>, place: &Path, name: &str) -> Result<()> {
    let unreadable = || format!("{} cannot be sent", place.display());
    let about = fs::metadata(place).with_context(unreadable)?;
    if !about.is_dir() {
        return one(sender, place, name, 0);
    }
    say(sender, &Message::Folder { name, mode: about.mode() & 0o777 })?;
    let mut entries: Vec<_> =
        fs::read_dir(place).and_then(Iterator::collect).with_context(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let file = entry.file_name();
        let file = file.to_str().with_context(|| {
            format!("{} is not UTF-8, as names are on Plan 9; rename it", entry.path().display())
        })?;
        all(sender, &entry.path(), &format!("{name}/{file}"))?;
    }
    Ok(())
}

/// A file, with these permissions beside its own.
fn one<W: Write>(sender: &mut Sender<W>, place: &Path, name: &str, mode: u32) -> Result<()> {
    let unreadable = || format!("{} cannot be sent", place.display());
    let mut file = File::open(place).with_context(unreadable)?;
    let mode = file.metadata().with_context(unreadable)?.mode() & 0o777 | mode;
    say(sender, &Message::File { name, mode })?;
    let mut buffer = vec![0; MAX_CONTENT];
    loop {
        match file.read(&mut buffer).with_context(unreadable)? {
            0 => return Ok(()),
            n => say(sender, &Message::Content(&buffer[..n]))?,
        }
    }
}

fn say<W: Write>(sender: &mut Sender<W>, message: &Message<'_>) -> Result<()> {
    sender.send(message).context("the connection was lost while the program was sent there")
}
