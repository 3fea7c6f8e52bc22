//! Which paths name the same file wherever they are used: the rest is as on Unix.
//!
//! To the kernel a name is absolute if it begins with `/`, or with `#`, which a device follows (`port/chan.c:namec`). But
//! `#` can stand at the front of a file's name too, and such a name, as it comes out of a folder, must be appended where
//! it is joined. So a device counts only where a `/` follows somewhere: `#I/tcp`, and `#c/` rather than `#c`.

use super::unix;
use crate::path::Path;

pub fn is_absolute(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    unix::is_absolute(path) || name.first() == Some(&b'#') && name.contains(&b'/')
}
