//! A connect to an address that nobody has, so that it blocks; and one to an address that appears meanwhile.

use crate::acts::Act;
use crate::pairs::Pair;
use conformance::conversation::ok;
use conformance::long;
use conformance::tcp::{Lines, Listener, reads, tcp, writes};
use conformance::text::Long;
use conformance::watched::Call;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// Addresses of which the first that does not answer is used.
const ADDRESSES: [&str; 3] = ["127.0.0.2", "127.99.99.99", "10.255.255.254"];
const ALARM_MS: u32 = 200;
/// How often the state of a late connect is looked at, and how long at most, in milliseconds and times.
const LOOK_MS: u32 = 100;
const LOOKS: usize = 80;

fn start(pair: &Pair, message: &Long, alarm: u32) -> Call {
    let ctl = pair.own.ctl;
    Call::start(alarm, false, || file::write(ctl, message.bytes()).map(|n| n as i64))
}

pub fn connects() {
    let silent = ADDRESSES.into_iter().find(|address| {
        let message = long!("connect {address}!80");
        let pair = Pair::alone(tcp());
        let call = start(&pair, &message, 0);
        Lines::new(&message).say("without any answer", call.ended());
        let blocks = !call.is_done();
        call.stop();
        pair.own.drop();
        blocks
    });
    if let Some(address) = silent {
        let message = long!("connect {address}!80");
        Act::ALONE.into_iter().for_each(|act| connect(&message, act));
    }
    late();
}

fn connect(message: &Long, act: Act) {
    let mut pair = Pair::alone(tcp());
    let lines = Lines::new(long!("connect, {}", act.text()));
    let own = pair.own;
    let call = start(&pair, message, act.own_alarm(ALARM_MS));
    if act == Act::CloseAll {
        lines.say("state", own.state());
    }
    act.done_to(&mut pair, &call);
    lines.say("returned", call.ended());
    lines.say("state", own.state());
    if act == Act::CloseAll {
        call.tell("note", "x");
        lines.say("then a note", call.ended());
        lines.say("state", own.state());
        return;
    }
    lines.say("write of data", writes(own.data, 1, 1));
    lines.say("read of data", reads(own.data, 1, 1));
    lines.say("connect again", own.tell(message.as_str()));
    own.tell("hangup");
    own.drop();
}

/// The handshake of an interrupted connect goes on: its address appears a little later.
fn late() {
    let listener = Listener::on("*", 7781);
    let pair = Pair::alone(tcp());
    let own = pair.own;
    let lines = Lines::new(long!("connect to 127.0.0.3, which is not there yet"));
    let call = start(&pair, &long!("connect 127.0.0.3!7781"), 0);
    call.tell("note", "x");
    lines.say("a note", call.ended());
    lines.say("state", own.state());
    let interface = file::open(c"/net/ipifc/0/ctl", open::RDWR);
    let added = interface.and_then(|ctl| file::write(ctl, b"add 127.0.0.3 255.0.0.0"));
    lines.say("the address is added", ok(added));
    for _ in 0..LOOKS {
        if own.state().as_str() == "Syn_sent" {
            let _ = process::sleep(LOOK_MS);
        }
    }
    lines.say("state after a while", own.state());
    let call = Call::open(listener.own.name("listen").as_c_str());
    lines.say("listen", call.ended());
    lines.say("write of data", writes(own.data, 1, 1));
    if let Ok(ctl) = interface {
        let _ = file::write(ctl, b"remove 127.0.0.3 255.0.0.0");
        let _ = file::close(ctl);
    }
    own.tell("hangup");
    if let Some(fd) = call.fd() {
        let _ = file::close(fd);
    }
    call.stop();
    own.drop();
    listener.own.drop();
}
