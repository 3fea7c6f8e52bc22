//! TCP through the files under `/net` (man 3/ip).
//!
//! A conversation is a numbered directory: `ctl` takes commands, `data` carries the bytes, `status`, `local` and
//! `remote` tell how it stands. What a read or write waits for is bounded by [`deadline`](crate::sys::pal::deadline).

mod conversation;
mod direction;
mod drain;
mod lane;
mod listener;
mod lookup;
mod stream;

/// UDP is not built yet: every call says `Unsupported`.
#[path = "../unsupported.rs"]
#[allow(dead_code)]
mod unsupported;

pub use listener::TcpListener;
pub use lookup::lookup_host;
pub use stream::TcpStream;
pub use unsupported::UdpSocket;
