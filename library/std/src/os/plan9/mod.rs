//! Plan 9-specific definitions.

#![stable(feature = "rust1", since = "1.0.0")]

#[stable(feature = "rust1", since = "1.0.0")]
pub mod errstr;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod ffi;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod fs;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod io;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod namespace;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod net;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod note;
#[stable(feature = "rust1", since = "1.0.0")]
pub mod process;
