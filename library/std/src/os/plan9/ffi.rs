//! Plan 9-specific extensions to primitives in [`std::ffi`](crate::ffi): names and values are
//! bytes, UTF-8 by custom.

#[path = "../unix/ffi/os_str.rs"]
mod os_str;

#[stable(feature = "rust1", since = "1.0.0")]
pub use self::os_str::{OsStrExt, OsStringExt};
