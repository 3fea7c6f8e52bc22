//! Plan 9-specific extensions to primitives in [`std::process`](crate::process).

mod descriptors;

use crate::process::ExitStatus;
use crate::sys::AsInner;

/// A process ends with a text, not with a number.
#[stable(feature = "rust1", since = "1.0.0")]
pub trait ExitStatusExt {
    /// What the program gave to `exits`, empty for success, or the note that ended it (man 2/exits, 2/await).
    #[stable(feature = "rust1", since = "1.0.0")]
    fn text(&self) -> &[u8];
}

#[stable(feature = "rust1", since = "1.0.0")]
impl ExitStatusExt for ExitStatus {
    fn text(&self) -> &[u8] {
        self.as_inner().text()
    }
}
