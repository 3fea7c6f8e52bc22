//! The states between the first close and the last, and how long Time_wait lasts.

use conformance::conversation::Conversation;
use conformance::long;
use conformance::tcp::{Lines, Listener, settle, tell};
use conformance::text::Long;
use plan9_abi::sys::{file, process};

/// Writes of 65,536 bytes that an open window takes, and what lies between them, in milliseconds.
const PIECES: usize = 17;
const PIECE_MS: u32 = 60;
/// Time_wait in tenths of a second, as it is seen from outside.
const ABOUT_10_S: core::ops::Range<u32> = 86..125;

fn both(a: &Conversation, b: &Conversation) -> Long {
    long!("{} | {}", a.text("status"), b.text("status"))
}

pub fn states(listener: &Listener) {
    let lines = Lines::new("states");
    lines.say("listener", listener.own.files());
    let (a, b) = listener.pair();
    let _ = file::close(a.data);
    lines.say("data closed, ctl open", both(&a, &b));
    let _ = file::close(a.ctl);
    settle();
    lines.say("ctl closed too", both(&a, &b));
    b.drop();
    settle();
    lines.say("the peer closed", long!("{} | {}", a.files(), b.text("status")));
    let mut tenths = 0;
    while tenths < 200 && a.state().as_str() == "Time_wait" {
        let _ = process::sleep(100);
        tenths += 1;
    }
    let when = if ABOUT_10_S.contains(&tenths) { "about 10 s" } else { "another time" };
    lines.say("Time_wait lasts", long!("{when}, then {}", a.text("status")));
    full_window(listener, &lines);
}

/// More than a megabyte that the peer does not read.
fn full_window(listener: &Listener, lines: &Lines) {
    let (a, b) = listener.pair();
    for _ in 0..PIECES {
        let _ = file::write(a.data, &[0; 65_536]);
        let _ = process::sleep(PIECE_MS);
    }
    tell(&a, "close");
    settle();
    lines.say("peer's window full, close on ctl", both(&a, &b));
    tell(&a, "hangup");
    settle();
    lines.say("then hangup", both(&a, &b));
    tell(&b, "hangup");
    lines.say("the peer too", both(&a, &b));
    a.drop();
    b.drop();
}
