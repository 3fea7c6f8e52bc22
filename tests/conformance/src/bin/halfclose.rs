//! One end of a TCP conversation is closed, by its `ctl` or with all its files, or hung up, while 5 bytes wait on each side:
//! what each side then reads, writes and says of itself; and what is left when the other end has been closed too.
//!
//! `'interrupted'` is a call that blocked until this program's own alarm. Before an end's files are closed it is hung up:
//! a kernel that splices would otherwise end whatever conversation the peer's number belongs to by then.

#![no_std]
#![no_main]

use conformance::conversation::Conversation;
use conformance::tcp::{Lines, Listener, reads, settle, tell, writes};
use conformance::text::Long;
use conformance::{handle_notes, long};
use plan9_abi::sys::file;

conformance::counting_handler!();

const PORT: u32 = 7790;

/// One end, `None` when its files have been closed.
fn state(of: Option<&Conversation>, folder: &Conversation) -> Long {
    let open = if of.is_some() { "" } else { " without files" };
    long!("{}{open}", folder.text("status"))
}

/// What an end is still good for.
fn use_of(lines: &Lines, whose: &str, end: &Conversation) {
    lines.say(long!("{whose} reads").as_str(), reads(end.data, 10, 5));
    lines.say(long!("{whose} writes").as_str(), writes(end.data, 5, 3));
}

/// `first` ends its side in some way; then the other closes.
fn case(listener: &Listener, how: &str, read_first: bool) {
    let (a, b) = listener.pair();
    let lines =
        Lines::new(long!("{how}{}", if read_first { ", the peer tries first" } else { "" }));
    for end in [&a, &b] {
        let _ = file::write(end.data, b"hello");
    }
    settle();
    let own = match how {
        "all files closed" => {
            a.drop();
            None
        }
        message => {
            lines.say("ctl", tell(&a, message));
            Some(&a)
        }
    };
    settle();
    let both = |lines: &Lines, what: &str| {
        lines.say(what, long!("{} | {}", state(own, &a), b.text("status")));
    };
    both(&lines, "both");
    if read_first {
        use_of(&lines, "the peer", &b);
        both(&lines, "both then");
    }
    if let Some(own) = own {
        use_of(&lines, "it", own);
    }
    if !read_first {
        use_of(&lines, "the peer", &b);
    }
    both(&lines, "both then");
    lines.say("the peer's ctl, close", tell(&b, "close"));
    settle();
    both(&lines, "both then");
    use_of(&lines, "the peer", &b);
    for end in [Some(&b), own].into_iter().flatten() {
        tell(end, "hangup");
        end.drop();
    }
}

/// Both close, the second in answer to what it has read.
fn in_turn(listener: &Listener) {
    let (a, b) = listener.pair();
    let lines = Lines::new("close, and close in answer");
    let both = || long!("{} | {}", a.text("status"), b.text("status"));
    let _ = file::write(a.data, b"bye");
    tell(&a, "close");
    settle();
    lines.say("the peer reads", reads(b.data, 10, 2));
    tell(&b, "close");
    settle();
    lines.say("both", both());
    lines.say("it reads", reads(a.data, 10, 4));
    lines.say("the peer reads", reads(b.data, 10, 4));
    for end in [a, b] {
        tell(&end, "hangup");
        lines.say("both after a hangup", both());
    }
    a.drop();
    b.drop();
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let listener = Listener::new(PORT);
    for how in ["close", "hangup", "all files closed"] {
        case(&listener, how, false);
        case(&listener, how, true);
    }
    in_turn(&listener);
}
