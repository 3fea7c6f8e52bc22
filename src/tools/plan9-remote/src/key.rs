//! The key's file. A key that others can read is none.

use anyhow::{Context, Result, ensure};
use plan9_remote_protocol::{Key, is_private};
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::plan9::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Random bytes of the kernel.
pub fn random(bytes: &mut [u8]) -> io::Result<()> {
    let device = || File::options().read(true).open_device("#c/random");
    File::open("/dev/random").or_else(|_| device())?.read_exact(bytes)
}

/// Where the key is, unless another file was named.
pub fn file(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file);
    }
    let home = env::home_dir().context("$home is not set; name the key's file by --key")?;
    Ok(home.join("lib/plan9-remote.key"))
}

/// Reads it.
pub fn read(file: &Path) -> Result<Key> {
    let shown = file.display();
    let opened = File::open(file).with_context(|| {
        format!("{shown} cannot be read; make a key by plan9-remote --new-key {shown}, or copy one there")
    })?;
    let mode = opened.metadata()?.mode();
    Ok(Key::read(opened, mode, shown, "plan9-remote")?)
}

/// Writes a new one, for nobody else to read.
pub fn make(file: &Path) -> Result<()> {
    let shown = file.display();
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened
        .with_context(|| format!("{shown} cannot be made; name a file that does not exist"))?;
    let written = (|| {
        let mode = opened.metadata()?.mode();
        ensure!(is_private(mode), "files there can be read by everybody; name another folder");
        Ok(opened.write_all(Key::generate(random)?.text().as_bytes())?)
    })();
    if written.is_err() {
        let _ = fs::remove_file(file);
    }
    written.with_context(|| format!("no key was written to {shown}"))
}
