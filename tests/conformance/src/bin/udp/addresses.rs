//! What `announce` and `connect` take, and what a fresh conversation does.

use crate::conversation::{Conversation, Probe, shown};
use conformance::{Text, Why};
use plan9_abi::flags::open;
use plan9_abi::sys::file;

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
        let a = Conversation::new();
        p.label(message);
        p.say("result", a.tell(message));
        p.say("files", a.files());
        let written = p.writes(a.data, 5, 2);
        let announced = a.tell("announce 5052");
        let both = Text::new(format_args!("{}; {}", shown(&written), shown(&announced)));
        p.say("two writes of 5; announce", both);
        a.drop();
    }
    let (a, b) = (Conversation::new(), Conversation::new());
    p.label("announce 5054");
    p.say("result", a.tell("announce 5054"));
    p.say("from another conversation", b.tell("announce 5054"));
    a.drop();
    b.drop();
    let a = Conversation::new();
    p.label("fresh");
    p.say("files", a.files());
    let read = p.reads(a.data, 10, 1);
    p.say("read", read);
    let written = p.writes(a.data, 1, 1);
    p.say("write", written);
    let listened = match file::open(a.name("listen").as_c_str(), open::RDWR) {
        Ok(fd) => Text::new(format_args!("{fd}")),
        Err(_) => Text::new(format_args!("'{}'", Why::take())),
    };
    p.say("listen", listened);
    a.drop();
}
