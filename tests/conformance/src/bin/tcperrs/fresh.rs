//! A conversation that was neither connected nor announced, and one whose files had all been closed.

use crate::CALL;
use crate::controls::controls;
use conformance::conversation::{gave, ok};
use conformance::long;
use conformance::tcp::{Lines, reads, tcp, tell, writes};
use plan9_abi::flags::open;
use plan9_abi::sys::file;

pub fn fresh() {
    let c = tcp();
    let lines = Lines::new("fresh");
    lines.say("files", c.files());
    lines.say("listen", gave(c.open("listen", open::RDWR)));
    lines.say("read of data", reads(c.data, 10, 1));
    lines.say("three writes", writes(c.data, 1, 3));
    lines.say("read of data", reads(c.data, 10, 1));
    lines.say("then connect", tell(&c, CALL));
    lines.say("files", c.files());
    c.drop();
    after_controls(&lines);
    reopened();
    let never = file::open(c"/net/tcp/4000/ctl", open::RDWR);
    Lines::new("a number never used").say("open /net/tcp/4000/ctl", gave(never));
}

/// All messages, a hangup and a close before the connect; and what the files do not allow.
fn after_controls(lines: &Lines) {
    let c = tcp();
    controls("fresh", &c);
    lines.say("hangup", tell(&c, "hangup"));
    lines.say("close", tell(&c, "close"));
    lines.say("then connect", tell(&c, CALL));
    lines.say("read of data", reads(c.data, 10, 1));
    lines.say("write of data", writes(c.data, 1, 1));
    let _ = file::seek(c.ctl, 0, 0);
    let mut digits = [0; 16];
    lines.say("ctl read at 0", long!("{} bytes", gave(file::read(c.ctl, &mut digits))));
    lines.say("ctl read at its end", gave(file::read(c.ctl, &mut digits)));
    lines.say("open status for writing", gave(c.open("status", open::WRITE)));
    let created = file::create(c.name("x").as_c_str(), open::WRITE, 0o666);
    lines.say("create x", gave(created));
    lines.say("remove ctl", ok(file::remove(c.name("ctl").as_c_str())));
    let read_only = c.open("ctl", open::READ).unwrap_or(-1);
    lines.say("write to a ctl opened for reading", gave(file::write(read_only, b"ttl")));
    let _ = file::close(read_only);
    c.drop();
}

fn reopened() {
    let c = tcp();
    c.drop();
    let c = c.reopened();
    let lines = Lines::new("reopened by its number");
    lines.say("files", c.files());
    lines.say("connect", tell(&c, CALL));
    lines.say("files", c.files());
    lines.say("write of data", writes(c.data, 1, 1));
    lines.say("read of data", reads(c.data, 1, 1));
    c.drop();
}
