//! TCP and UDP through the files under `/net` (man 3/ip), or another [`network`]'s.
//!
//! A conversation is a numbered directory: `ctl` takes commands, `data` carries the bytes,
//! `status`, `local` and `remote` tell how it stands. What a read or write waits for is bounded by
//! [`deadline`](crate::sys::pal::deadline).

mod address;
mod connect;
mod conv_path;
mod conversation;
mod end_key;
mod find_end;
mod from_fd;
mod half;
mod io_lock;
mod iounit;
mod listener;
mod local_ends;
mod lookup;
mod loopback_segment;
mod multicast;
pub mod network;
mod own_addresses;
mod settings;
mod socket;
mod splice_pointer;
mod splice_race;
mod stream;
mod timed_io;
mod tx_queue;
mod udp;
mod write_rule;

pub use listener::TcpListener;
pub use lookup::lookup_host;
pub use socket::Socket;
pub use stream::TcpStream;
pub use udp::UdpSocket;
