//! A blocked open of `listen`.

use crate::acts::Act;
use crate::pairs::Pair;
use conformance::long;
use conformance::tcp::{Lines, Listener, tcp};
use conformance::watched::Call;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

const ALARM_MS: u32 = 200;
const FIRST_PORT: u32 = 7783;

pub fn listens() {
    for (act, port) in Act::ALONE.into_iter().zip(FIRST_PORT..) {
        listen(act, port);
    }
}

fn listen(act: Act, port: u32) {
    let listener = Listener::new(port);
    let name = listener.own.name("listen");
    let text = match act {
        Act::CloseAll => "another proc closes the announced ctl",
        act => act.text(),
    };
    let lines = Lines::new(long!("listen, {text}"));
    let run = || file::open(name.as_c_str(), open::RDWR).map(i64::from);
    let mut call = Call::start(act.own_alarm(ALARM_MS), true, run);
    let mut pair = Pair::alone(listener.own);
    act.done_to(&mut pair, &call);
    lines.say("returned", call.ended());
    let ended = call.is_done();
    lines.say("state", pair.own.state());
    let caller = tcp();
    lines.say("then a call", caller.tell(long!("connect 127.0.0.1!{port}").as_str()));
    if ended {
        call = Call::open(name.as_c_str());
    }
    lines.say(if ended { "listen again" } else { "returned" }, call.ended());
    if let Some(fd) = call.fd() {
        let _ = file::close(fd);
    }
    call.stop();
    caller.drop();
    pair.own.drop();
}
