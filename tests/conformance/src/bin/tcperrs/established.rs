//! A connected conversation: its files, its directory, its messages, and an IPv6 one.

use crate::CALL;
use crate::controls::controls;
use conformance::conversation::{Conversation, gave};
use conformance::long;
use conformance::report::{read_directory, records};
use conformance::tcp::{Lines, Listener, Moved, reads, settle, tcp, tell, writes};
use plan9_abi::flags::open;
use plan9_abi::sys::error::until_nul;
use plan9_abi::sys::{file, process};

/// Longer than four keepalives of 10 ms, which the kernel rounds up to its tick of 50 ms.
const KEEPALIVES_MS: u32 = 300;

pub fn established(listener: &Listener) {
    let (a, b) = listener.pair();
    let lines = Lines::new("established");
    lines.say("files", a.files());
    lines.say("the peer's files", b.files());
    lines.say("listen", gave(a.open("listen", open::RDWR)));
    let err = a.open("err", open::RDWR).unwrap_or(-1);
    lines.say("read of err", reads(err, 10, 1));
    lines.say("write of err", writes(err, 1, 1));
    let _ = file::close(err);
    lines.say("connect", tell(&a, CALL));
    lines.say("announce", tell(&a, "announce 7762"));
    let _ = file::write(b.data, b"hello");
    settle();
    directory(&lines, &a);
    let second = a.open("data", open::RDWR).unwrap_or(-1);
    lines.say("data opened twice, second reads 2", reads(second, 2, 1));
    lines.say("first reads", reads(a.data, 10, 1));
    let _ = file::close(second);
    lines.say("second closed, first writes", writes(a.data, 1, 1));
    controls("established", &a);
    lines.say("after all of these, write", writes(a.data, 1, 1));
    moved(&lines, &a, &b);
    a.drop();
    b.drop();
    ipv6();
}

fn directory(lines: &Lines, of: &Conversation) {
    let mut buffer = [0; 2048];
    let folder = file::open(of.folder().as_c_str(), open::READ).unwrap_or(-1);
    let n = read_directory(folder, &mut buffer).unwrap_or(0);
    let _ = file::close(folder);
    for dir in records(&buffer[..n]) {
        let [name, uid, gid] = [dir.name, dir.uid, dir.gid]
            .map(|text| core::str::from_utf8(until_nul(text)).unwrap_or("?"));
        let mode = dir.mode & 0o777;
        let length = dir.length;
        lines.say(name, long!("mode {mode:o}, length {length}, uid {uid}, gid {gid}"));
    }
}

/// Another local port in the middle of a conversation: what the peer sends finds nobody any more, and the keepalive that
/// is on gives it up.
fn moved(lines: &Lines, a: &Conversation, b: &Conversation) {
    let before = a.text("status");
    let (told, moved) = Moved::to(a, "bind 127.0.0.1!5003");
    lines.say("bind 127.0.0.1!5003", told);
    lines.say("after that, write", writes(a.data, 1, 1));
    let _ = process::sleep(KEEPALIVES_MS);
    let after = long!("{before}; {}; {}", a.text("status"), b.text("status"));
    lines.say("status before and after, the peer's", after);
    moved.back();
}

fn ipv6() {
    let (a, b) = (tcp(), tcp());
    let lines = Lines::new("IPv6");
    lines.say("announce ::1!7765", tell(&a, "announce ::1!7765"));
    lines.say("connect ::1!7765", tell(&b, "connect ::1!7765"));
    lines.say("files of both", long!("{} | {}", a.files(), b.files()));
    a.drop();
    b.drop();
}
