//! What `connect`, `announce` and `bind` take, and what they leave in the files of a conversation that they refuse.

use crate::CALL;
use conformance::conversation::gave;
use conformance::tcp::{Lines, reads, tcp, tell, writes};
use plan9_abi::flags::open;

const MESSAGES: [&str; 45] = [
    "connect",
    "connect 127.0.0.1",
    "connect 127.0.0.1!",
    "connect 127.0.0.1!http",
    "connect 127.0.0.1!0",
    "connect 127.0.0.1!7761",
    "connect 127.0.0.1!7761!r",
    "connect 127.0.0.1!131072",
    "connect 127.0.0.1!-1",
    "connect 127.0.0.1!7761x",
    "connect localhost!7761",
    "connect 300.1.1.1!7761",
    "connect 127.1!7761",
    "connect !7761",
    "connect 127.0.0.1!7761 junk",
    "connect 127.0.0.1!7761 9.9.9.9!5000",
    "connect 127.0.0.1!7761 5000 x",
    "connect 9.9.9.9!7761",
    "connect 127.0.0.2!7761",
    "connect 2001:db8::1!7761",
    "connect ::1!7761",
    "connect ::ffff:127.0.0.1!7761",
    "connect 0.0.0.0!7761",
    "connect ::!7761",
    "connect 255.255.255.255!7761",
    "connect 224.0.0.1!7761",
    "announce",
    "announce x",
    "announce 127.0.0.1",
    "announce 127.0.0.1!x",
    "announce localhost!7763",
    "announce 9.9.9.9!7763",
    "announce *",
    "announce *!7763",
    "announce 7763",
    "announce 127.0.0.1!7763",
    "announce ::1!7763",
    "announce ::!7763",
    "announce 0",
    "announce 127.0.0.1!0",
    "announce 127.0.0.1!7760",
    "announce 7760",
    "announce 70000",
    "announce 7763 x",
    "announce 127.9.9.9!7763",
];
const IN_USE: &str = "'connection in use'";

pub fn addresses() {
    for message in MESSAGES {
        let c = tcp();
        let lines = Lines::new(message);
        lines.say("result", tell(&c, message));
        lines.say("files", c.files());
        let again = tell(&c, CALL);
        if again.as_str() != IN_USE {
            lines.say("connect afterwards", again);
        }
        c.drop();
    }
    Lines::new("all of these").say("connect afterwards, where not said", IN_USE);
    own_port();
    bound();
    twice();
}

/// The caller's own port, asked for by two.
fn own_port() {
    let (c, d) = (tcp(), tcp());
    let message = "connect 127.0.0.1!7760 127.0.0.1!5001";
    let lines = Lines::new(message);
    lines.say("result", tell(&c, message));
    lines.say("from another conversation", tell(&d, message));
    lines.say("files", c.files());
    c.drop();
    d.drop();
}

/// `bind`, which `connect` forgets.
fn bound() {
    let c = tcp();
    let message = "bind 127.0.0.1!5002";
    let lines = Lines::new(message);
    lines.say("result", tell(&c, message));
    lines.say("files", c.files());
    lines.say("then connect", tell(&c, CALL));
    lines.say("files", c.files());
    c.drop();
}

/// A port announced by two, and what a listener's own data file is good for.
fn twice() {
    let (c, d) = (tcp(), tcp());
    let message = "announce *!7764";
    let lines = Lines::new(message);
    lines.say("result", tell(&c, message));
    lines.say("from another conversation", tell(&d, message));
    d.drop();
    let d = tcp();
    let one = "announce 127.0.0.1!7764";
    lines.say("127.0.0.1!7764 from another conversation", tell(&d, one));
    lines.say("read of the listener's data", reads(c.data, 10, 1));
    lines.say("two writes to it", writes(c.data, 1, 2));
    lines.say("files", c.files());
    lines.say("listen", gave(c.open("listen", open::RDWR)));
    c.drop();
    d.drop();
}
