//! The error string of a thread (man 2/errstr).
//!
//! A system call that fails leaves a text, of the kernel's or of a file server's. An [`io::Error`]
//! is made from it: it knows the [`ErrorKind`](io::ErrorKind), and shows the text, without the path
//! that 9front adds to many. [`last`] has the whole. A call that succeeds leaves the string as it
//! is.
//!
//! # Examples
//!
//! ```
//! use std::fs::File;
//! use std::io::{self, ErrorKind};
//! use std::os::plan9::errstr::{self, ErrorExt};
//!
//! let why = File::open("/tmp/nothing here").unwrap_err();
//! assert_eq!(why.kind(), ErrorKind::NotFound);
//! assert!(errstr::last().starts_with(&why.errstr().unwrap()));
//!
//! // As a file server says it.
//! errstr::set("phase error");
//! let why = io::Error::last_os_error();
//! assert_eq!(why.errstr().as_deref(), Some("phase error"));
//!
//! let why = errstr::error("connection refused");
//! assert_eq!(why.kind(), ErrorKind::ConnectionRefused);
//! ```

use plan9_abi::sys::error::until_nul;

use crate::io;
use crate::sys::io::codes;

/// What the calling thread's last call that failed was told, whole; empty if none has failed. It is
/// at most 127 bytes long.
#[must_use]
#[stable(feature = "rust1", since = "1.0.0")]
pub fn last() -> String {
    String::from_utf8_lossy(until_nul(&codes::last())).into_owned()
}

/// Makes this the calling thread's error string, as `werrstr` does: [`last`], and
/// [`io::Error::last_os_error`] give it. What is longer than 127 bytes is cut.
#[stable(feature = "rust1", since = "1.0.0")]
pub fn set(text: &str) {
    codes::set_last(text);
}

/// The error that a call has which fails with this text.
#[must_use]
#[stable(feature = "rust1", since = "1.0.0")]
pub fn error(text: &str) -> io::Error {
    io::Error::from_raw_os_error(codes::code_of(text.as_bytes()))
}

/// The texts of errors that come from the system.
#[stable(feature = "rust1", since = "1.0.0")]
pub impl(self) trait ErrorExt {
    /// What the kernel or the file server said, without a path; `None` if the error is none of
    /// theirs.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn errstr(&self) -> Option<String>;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl ErrorExt for io::Error {
    fn errstr(&self) -> Option<String> {
        let text = codes::text_of(self.raw_os_error()?)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}
