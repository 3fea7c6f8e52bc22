//! Conversations made from single descriptors, for `std::os::fd`.
//!
//! To take one of a conversation's files (see [`socket`](super::socket)), the others are opened
//! beside it, by the name that the kernel has of it. That name is the one it was opened by, in
//! whatever name space, so it is checked that it names the same file here.

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::conv_path::ConvPath;
use super::conversation::Conversation;
use super::listener::TcpListener;
use super::network::{Network, Protocol};
use super::socket::Socket;
use super::stream::TcpStream;
use super::udp::UdpSocket;
use crate::io;
use crate::path::Path;
use crate::sys::fd::FileDesc;
use crate::sys::fs::{File, FileAttr};
use crate::sys::pal::{cvt_r, fd_name, os_string};
use crate::sys::{FromInner, IntoInner};

const NO_DATA: io::Error =
    io::const_error!(io::ErrorKind::InvalidInput, "not the data of such a conversation",);

const NOT_ANNOUNCED: io::Error =
    io::const_error!(io::ErrorKind::InvalidInput, "not the ctl of an announced conversation",);

const OTHER_FILE: io::Error =
    io::const_error!(io::ErrorKind::InvalidInput, "its name is another file's in this name space",);

/// The one whose `data` this is.
fn of_data(protocol: Protocol, data: FileDesc) -> io::Result<Conversation> {
    let mut name = [0; 128];
    let name = fd_name(data.raw(), &mut name).and_then(|name| str::from_utf8(name).ok());
    let place =
        name.and_then(|name| Network::of_file(name, protocol)).and_then(|(network, file)| {
            let number = file.strip_suffix("/data")?.parse().ok()?;
            Some(ConvPath { network, protocol, number })
        });
    let place = place.ok_or(NO_DATA)?;
    let data = same(data, place.name("data").as_bytes())?;
    let name = place.name("ctl");
    let ctl = cvt_r(|| file::open(name.as_c_str(), open::RDWR | open::CEXEC))?;
    Ok(Conversation { place, data: Some(data), ctl: Some(FileDesc::new(ctl)), end: None })
}

/// The announced one whose `ctl` this is, which was opened as `clone`, or by name.
fn of_announced(ctl: FileDesc) -> io::Result<Conversation> {
    let mut name = [0; 128];
    let name = fd_name(ctl.raw(), &mut name).and_then(|name| str::from_utf8(name).ok());
    // Nothing is read from what may be anybody's pipe.
    let network = name.and_then(|name| Network::of_file(name, Protocol::Tcp));
    let network = network.filter(|(_, file)| *file == "clone" || file.ends_with("/ctl"));
    let (network, _) = network.ok_or(NOT_ANNOUNCED)?;
    let mut this = Conversation::of_ctl(network, Protocol::Tcp, ctl)?;
    let name = this.place.name("ctl");
    this.ctl = this.ctl.map(|ctl| same(ctl, name.as_bytes())).transpose()?;
    if this.status()?.listening { Ok(this) } else { Err(NOT_ANNOUNCED) }
}

/// The descriptor, if it is the file of this name.
fn same(fd: FileDesc, name: &[u8]) -> io::Result<FileDesc> {
    let file = File::from_inner(fd);
    let there = FileAttr::named(Path::new(&os_string(name.to_vec())))?;
    if !file.file_attr()?.is_same_file(&there) {
        return Err(OTHER_FILE);
    }
    Ok(file.into_inner())
}

/// std's `From` cannot fail, and whoever takes what is no socket for one has a mistake in the
/// program. `std::os::plan9::net` has what does not panic.
fn expect<T>(socket: io::Result<T>, what: &str) -> T {
    socket.unwrap_or_else(|why| panic!("the descriptor is no {what}: {why}"))
}

impl TcpStream {
    /// The stream whose `data` this is.
    pub fn from_descriptor(data: FileDesc) -> io::Result<TcpStream> {
        let mut conversation = of_data(Protocol::Tcp, data)?;
        let is_only = conversation.meet_other_end()?;
        let stream = TcpStream::of(conversation);
        if !is_only {
            stream.lend();
        }
        Ok(stream)
    }
}

impl TcpListener {
    /// The listener whose `ctl` this is.
    pub fn from_descriptor(ctl: FileDesc) -> io::Result<TcpListener> {
        of_announced(ctl).and_then(TcpListener::of)
    }
}

impl UdpSocket {
    /// The socket whose `data` this is.
    pub fn from_descriptor(data: FileDesc) -> io::Result<UdpSocket> {
        of_data(Protocol::Udp, data).and_then(UdpSocket::of)
    }
}

impl FromInner<Socket> for TcpStream {
    fn from_inner(socket: Socket) -> TcpStream {
        expect(TcpStream::from_descriptor(socket.into_inner()), "TCP stream")
    }
}

impl FromInner<Socket> for TcpListener {
    fn from_inner(socket: Socket) -> TcpListener {
        expect(TcpListener::from_descriptor(socket.into_inner()), "TCP listener")
    }
}

impl FromInner<Socket> for UdpSocket {
    fn from_inner(socket: Socket) -> UdpSocket {
        expect(UdpSocket::from_descriptor(socket.into_inner()), "UDP socket")
    }
}
