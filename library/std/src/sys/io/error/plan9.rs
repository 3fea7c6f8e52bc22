//! Errors are strings; [`errstr`](crate::sys::pal::errstr) makes numbers of them.

use crate::io::{ErrorKind, RawOsError};
use crate::sys::pal::errstr;
use plan9_abi::errors::{self, Kind};
use plan9_abi::sys::error::until_nul;

pub fn errno() -> RawOsError {
    errstr::code_of(until_nul(&errstr::last()))
}

#[inline]
pub fn is_interrupted(code: RawOsError) -> bool {
    code == errors::INTERRUPTED
}

pub fn decode_error_kind(code: RawOsError) -> ErrorKind {
    let Some(known) = errors::by_code(code) else {
        return ErrorKind::Uncategorized;
    };
    match known.kind {
        Kind::NotFound => ErrorKind::NotFound,
        Kind::PermissionDenied => ErrorKind::PermissionDenied,
        Kind::ConnectionRefused => ErrorKind::ConnectionRefused,
        Kind::ConnectionReset => ErrorKind::ConnectionReset,
        Kind::HostUnreachable => ErrorKind::HostUnreachable,
        Kind::NetworkUnreachable => ErrorKind::NetworkUnreachable,
        Kind::AddrInUse => ErrorKind::AddrInUse,
        Kind::AddrNotAvailable => ErrorKind::AddrNotAvailable,
        Kind::BrokenPipe => ErrorKind::BrokenPipe,
        Kind::AlreadyExists => ErrorKind::AlreadyExists,
        Kind::NotADirectory => ErrorKind::NotADirectory,
        Kind::IsADirectory => ErrorKind::IsADirectory,
        Kind::DirectoryNotEmpty => ErrorKind::DirectoryNotEmpty,
        Kind::ReadOnlyFilesystem => ErrorKind::ReadOnlyFilesystem,
        Kind::InvalidInput => ErrorKind::InvalidInput,
        Kind::TimedOut => ErrorKind::TimedOut,
        Kind::StorageFull => ErrorKind::StorageFull,
        Kind::NotSeekable => ErrorKind::NotSeekable,
        Kind::ResourceBusy => ErrorKind::ResourceBusy,
        Kind::InvalidFilename => ErrorKind::InvalidFilename,
        Kind::Interrupted => ErrorKind::Interrupted,
        Kind::OutOfMemory => ErrorKind::OutOfMemory,
        Kind::TooManyOpenFiles => ErrorKind::TooManyOpenFiles,
        Kind::InputOutput => ErrorKind::InputOutputError,
        Kind::Other => ErrorKind::Uncategorized,
    }
}

pub fn error_string(code: RawOsError) -> String {
    match errstr::text_of(code) {
        Some(text) => String::from_utf8_lossy(text).into_owned(),
        None => format!("unknown error {code}"),
    }
}
