//! A 9P server of few words: answers version and attach, refuses the rest.

use core::ffi::CStr;
use plan9_abi::flags::mode::DIR;
use plan9_abi::sys::{file, process};

const VERSION: u8 = 100;
const ATTACH: u8 = 104;
const ERROR: u8 = 107;
const WALK: u8 = 110;
const CLUNK: u8 = 120;
/// Size, type and tag.
const HEADER: usize = 7;
const WORDS: &[u8] = b"the server's words";

/// What it does otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Refuses,
    /// Knows no version that the kernel does.
    WithoutVersion,
    RefusesAttach,
    HangsUpAtAttach,
}

/// A message being made.
struct Message {
    bytes: [u8; 128],
    len: usize,
}

impl Message {
    fn new(kind: u8, tag: [u8; 2]) -> Message {
        let mut message = Message { bytes: [0; 128], len: 4 };
        message.push(&[kind]);
        message.push(&tag);
        message
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn text(&mut self, text: &[u8]) {
        self.push(&(text.len() as u16).to_le_bytes());
        self.push(text);
    }

    fn send(mut self, fd: i32) {
        self.bytes[..4].copy_from_slice(&(self.len as u32).to_le_bytes());
        let _ = file::write(fd, &self.bytes[..self.len]);
    }
}

/// Serves until the connection ends, and so does the proc.
pub fn serve(fd: i32, server: Server) -> ! {
    let mut request = [0; 1024];
    while let Ok(n) = file::read(fd, &mut request) {
        if n < HEADER {
            break;
        }
        let (kind, tag, fields) = (request[4], [request[5], request[6]], &request[HEADER..n]);
        let mut reply = Message::new(kind + 1, tag);
        match kind {
            VERSION => {
                reply.push(&fields[..4]);
                reply.text(if server == Server::WithoutVersion { b"unknown" } else { b"9P2000" });
            }
            ATTACH if server == Server::HangsUpAtAttach => break,
            ATTACH if server != Server::RefusesAttach => {
                reply.push(&[(DIR >> 24) as u8]);
                reply.push(&[0; 12]);
            }
            // A walk of no names: another fid of the root.
            WALK if fields[8..10] == [0, 0] => reply.text(b""),
            CLUNK => {}
            _ => {
                reply = Message::new(ERROR, tag);
                reply.text(WORDS);
            }
        }
        reply.send(fd);
    }
    process::exits(None::<&CStr>)
}
