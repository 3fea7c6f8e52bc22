//! Errors are strings; [`codes`] makes numbers of them.

pub mod codes;

use plan9_abi::errors;
use plan9_abi::errors::Kind;
use plan9_abi::sys::error::until_nul;

use crate::io::{ErrorKind, RawOsError};

pub fn errno() -> RawOsError {
    codes::code_of(until_nul(&codes::last()))
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
    match codes::text_of(code) {
        Some(text) => String::from_utf8_lossy(text).into_owned(),
        None => format!("unknown error {code}"),
    }
}
