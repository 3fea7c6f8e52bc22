//! One byte there and back over TCP, round after round: what a timeout costs a call that hardly waits.
//!
//! `pingpong BLOCKS ROUNDS KIND...`: for each kind a conversation with a thread that answers; blocks of rounds on each
//! in turn. Kinds: `untimed`; `timed`, both timeouts of both ends set once; `each-round`, set anew before each round.

mod shared;

use shared::{OrFail, Samples, failed, number, pair, set_timeouts, words};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Instant;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Untimed,
    Timed,
    EachRound,
}

struct Game {
    label: String,
    kind: Kind,
    near: TcpStream,
    answering: JoinHandle<u64>,
}

fn main() {
    let (blocks, rounds): (u64, u64) = (number(1), number(2));
    let mut games: Vec<Game> = words(3).into_iter().map(start).collect();
    let mut samples = Samples::with_room(rounds as usize);
    for _ in 0..blocks {
        for game in &mut games {
            for _ in 0..rounds {
                let start = Instant::now();
                if game.kind == Kind::EachRound {
                    set_timeouts(&game.near);
                }
                game.near.write_all(b"p").or_fail("write");
                game.near.read_exact(&mut [0]).or_fail("read");
                samples.add(&game.label, start.elapsed().as_nanos() as i64);
            }
            samples.print();
        }
    }
    for game in games {
        drop(game.near);
        let answered =
            game.answering.join().unwrap_or_else(|_| failed("the answering thread died"));
        if answered != blocks * rounds {
            failed(format_args!("{} bytes were sent and {answered} answered", blocks * rounds));
        }
    }
}

fn start(label: String) -> Game {
    let kind = match label.as_str() {
        "untimed" => Kind::Untimed,
        "timed" => Kind::Timed,
        "each-round" => Kind::EachRound,
        other => failed(format_args!("there is no kind {other}")),
    };
    let (near, far) = pair();
    if kind != Kind::Untimed {
        set_timeouts(&near);
        set_timeouts(&far);
    }
    Game { label, kind, near, answering: thread::spawn(move || answer(far, kind)) }
}

/// Sends back what comes until the other end is gone; says how many bytes.
fn answer(mut far: TcpStream, kind: Kind) -> u64 {
    let mut answered = 0;
    let mut byte = [0];
    loop {
        if kind == Kind::EachRound {
            set_timeouts(&far);
        }
        match far.read(&mut byte).or_fail("read of the answering thread") {
            0 => return answered,
            _ => far.write_all(&byte).or_fail("write of the answering thread"),
        }
        answered += 1;
    }
}
