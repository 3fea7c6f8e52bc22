//! Which messages `ctl` takes.

use conformance::conversation::Conversation;
use conformance::long;
use conformance::tcp::{Lines, tell};

const MESSAGES: [&str; 27] = [
    "",
    "nonsense",
    "keepalive",
    "keepalive 5000",
    "keepalive x",
    "keepalive 10",
    "nodelay",
    "ttl",
    "ttl 5",
    "ttl 300",
    "tos",
    "tos 4",
    "checksum 0",
    "checksum 1",
    "ignoreadvice",
    "addmulti",
    "addmulti x",
    "delmulti",
    "accept 1",
    "reject 1 why",
    "hangup now",
    "close now",
    "hangupxmit",
    "Hangup",
    " ttl  64 ",
    "tcpporthogdefense off",
    "tcpporthogdefense x",
];

pub fn controls(what: &str, to: &Conversation) {
    let lines = Lines::new(long!("{what}, ctl"));
    for message in MESSAGES {
        let quote = if message.is_empty() || message.contains(' ') { "'" } else { "" };
        lines.say(long!("{quote}{message}{quote}").as_str(), tell(to, message));
    }
    lines.say("'ttl 64' and a newline", tell(to, "ttl 64\n"));
    lines.say("two lines in one write", tell(to, "ttl 64\nnonsense\n"));
}
