//! Calls from the host: a port of the host stands for a port that a program has announced.

use super::{State, call, end, host};
use crate::dev::{Error, Result};
use crate::ip::host::Published;
use crate::ip::host::socket::Socket;
use crate::ip::host::way;
use crate::kernel::Kernel;
use rustix::event::epoll::EventFlags;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// Opens the ports of the host that the command line names.
pub fn open(k: &mut Kernel) -> Result<()> {
    for (outside, port) in k.options.publish.clone() {
        let opened = TcpListener::bind((Ipv4Addr::LOCALHOST, outside)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let id = k.net.host.watch(&listener, EventFlags::IN)?;
            k.net.host.published.push(Published { listener, port, id });
            Ok(())
        });
        opened.map_err(|why| {
            Error(format!("--publish {outside}:{port}: the host's port {outside} cannot be had ({why}); name another").into())
        })?;
    }
    Ok(())
}

/// Calls have come to a published port.
pub fn arrived(k: &mut Kernel, which: usize) {
    loop {
        let Some(published) = k.net.host.published.get(which) else { return };
        let port = published.port;
        let Ok((stream, from)) = published.listener.accept() else { return };
        take(k, stream, from, port);
    }
}

/// One call: the host has answered it already, so whoever cannot be heard is reset.
fn take(k: &mut Kernel, stream: TcpStream, from: SocketAddr, port: u16) {
    let Ok(socket) = Socket::taken(stream) else { return };
    let to = (way::machine(), port);
    let Some(listener) = k.net.tcp.listener(to).filter(|&n| !call::is_full(k, n)) else {
        socket.abort();
        return;
    };
    let now = k.mono_ns();
    let Ok(n) = k.net.tcp.fresh(&mut k.waits, now) else {
        socket.abort();
        return;
    };
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.state = State::SynSent;
        conversation.local = to;
        conversation.remote = (way::seen_from_inside(from.ip()), from.port());
    }
    if host::attach(k, n, socket).is_err() {
        end::local_close(k, n, None);
        end::close_file(k, n);
        return;
    }
    host::established(k, n);
    call::queue_call(k, listener, n);
}
