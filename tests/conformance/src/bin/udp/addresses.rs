//! What `announce` and `connect` take, and what a fresh conversation does.

use crate::probe::{Probe, udp};
use conformance::conversation::gave;
use conformance::long;
use plan9_abi::flags::open;

const MESSAGES: [&str; 18] = [
    "announce",
    "announce x",
    "announce 9.9.9.9!5050",
    "announce 5050",
    "announce 127.0.0.1!5050",
    "announce ::1!5050",
    "announce *",
    "announce 0",
    "connect 127.0.0.1",
    "connect x!1",
    "connect 127.0.0.1!x",
    "connect 9.9.9.9!9",
    "connect 127.0.0.2!9",
    "connect 2001:db8::1!9",
    "connect ::1!9",
    "connect 127.0.0.1!9 9.9.9.9!9",
    "connect 255.255.255.255!9",
    "connect 0.0.0.0!9",
];

pub fn addresses(p: &mut Probe) {
    for message in MESSAGES {
        let a = udp();
        p.label(message);
        p.say("result", a.tell(message));
        p.say("files", a.files());
        let written = p.writes(a.data, 5, 2);
        let announced = a.tell("announce 5052");
        let both = long!("{}; {}", written, announced);
        p.say("two writes of 5; announce", both);
        a.drop();
    }
    let (a, b) = (udp(), udp());
    p.label("announce 5054");
    p.say("result", a.tell("announce 5054"));
    p.say("from another conversation", b.tell("announce 5054"));
    a.drop();
    b.drop();
    let a = udp();
    p.label("fresh");
    p.say("files", a.files());
    let read = p.reads(a.data, 10, 1);
    p.say("read", read);
    let written = p.writes(a.data, 1, 1);
    p.say("write", written);
    p.say("listen", gave(a.open("listen", open::RDWR)));
    a.drop();
}
