//! TCP and UDP through the files under `/net` (man 3/ip), or another [`network`]'s.
//!
//! A conversation is a numbered directory: `ctl` takes commands, `data` carries the bytes,
//! `status`, `local` and `remote` tell how it stands. What a read or write waits for is bounded by
//! [`deadline`](crate::sys::pal::deadline).

mod conversation;
mod direction;
mod drain;
mod groups;
mod lane;
mod listener;
mod local_ends;
mod lookup;
mod loopback_segment;
pub mod network;
mod own_addresses;
mod place;
mod socket;
mod splice_pointer;
mod splice_race;
mod stream;
mod udp;
mod unit;

pub use listener::TcpListener;
pub use lookup::lookup_host;
pub use socket::Socket;
pub use stream::TcpStream;
pub use udp::UdpSocket;
