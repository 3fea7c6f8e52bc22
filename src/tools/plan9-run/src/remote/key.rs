//! The key's file. A key that others can read is none.

use anyhow::{Context, Result};
use plan9_remote_protocol::Key;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Random bytes of the system.
pub fn random(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

/// Reads it.
pub fn read(file: &Path) -> Result<Key> {
    let shown = file.display();
    let opened = File::open(file).with_context(|| {
        format!("the key {shown} cannot be read; make one by plan9-run --new-key {shown}, or name another by --key")
    })?;
    let mode = opened.metadata()?.mode();
    Ok(Key::read(opened, mode, shown, "plan9-run")?)
}

/// Writes a new one, for nobody else to read.
pub fn make(file: &Path) -> Result<()> {
    let shown = file.display();
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let key = Key::generate(random).context("there are no random bytes")?;
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened
        .with_context(|| format!("{shown} cannot be made; name a file that does not exist"))?;
    let written = opened.write_all(key.text().as_bytes());
    if written.is_err() {
        let _ = fs::remove_file(file);
    }
    written.with_context(|| format!("no key was written to {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/key");
        make(&file).unwrap();
        let key = read(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), key.text());
        assert!(make(&file).unwrap_err().to_string().contains("does not exist"));
        for mode in [0o640, 0o604, 0o622, 0o700 | 0o001] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let why = read(&file).unwrap_err().to_string();
            assert!(why.contains("chmod 600"), "{why}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "secret").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("holds no key"));
    }
}
