//! Plan 9-specific extensions to general I/O primitives: descriptors.
//!
//! What std opens, exec closes: of a program's descriptors a child gets those that its
//! [`Stdio`](crate::process::Stdio)s name, and those that the program itself made otherwise.
//! Closing a descriptor ends nobody's wait: a read that another thread has begun keeps the channel,
//! and gets what comes next.
//!
//! What std adds to a channel is not in the descriptor: that each write of a
//! [`File`](crate::fs::File) goes to the end (`append`), and for the types of
//! [`net`](super::net#descriptors) what stands there.
//!
//! # Notes
//!
//! A note can break a read or a write. A read has taken nothing then. A write to a pipe or a TCP
//! conversation of this machine has been taken, and counts as done. A write to a file server says
//! [`Interrupted`](crate::io::ErrorKind::Interrupted), and is to be made again: by the protocol the
//! server has not acted on it. But where the file is a pipe of another machine, as standard output
//! under rcpu can be, the bytes may be in it all the same, for the two cases look alike from here.
//! So [`write_all`](crate::io::Write::write_all) may send such a pipe one message twice, of 8 KiB
//! from standard output, and never leaves one out.
//!
//! # Examples
//!
//! ```
//! use std::fs::File;
//! use std::io::{Read, Write};
//! use std::os::plan9::io::{AsFd, OwnedFd};
//!
//! fn main() -> std::io::Result<()> {
//!     let (mut reader, writer) = std::io::pipe()?;
//!     // Any channel can be a file.
//!     let mut file = File::from(OwnedFd::from(writer));
//!     let other = file.as_fd().try_clone_to_owned()?;
//!     file.write_all(b"said")?;
//!     drop((file, other));
//!     let mut text = String::new();
//!     reader.read_to_string(&mut text)?;
//!     assert_eq!(text, "said");
//!     Ok(())
//! }
//! ```

#[stable(feature = "rust1", since = "1.0.0")]
pub use crate::os::fd::*;
