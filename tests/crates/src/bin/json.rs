//! Crates of crates.io, with proc macros and build scripts, on Plan 9.

use regex::Regex;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Machine {
    name: String,
    procs: Vec<u32>,
}

fn main() {
    let machine = Machine { name: "gnot".into(), procs: vec![1, 2, 3] };
    let text = serde_json::to_string(&machine).expect("it has a JSON form");
    println!("{text}");
    println!("{}", serde_json::from_str::<Machine>(&text).is_ok_and(|back| back == machine));
    let found =
        Regex::new(r"(\d+),(\d+)").expect("a pattern").captures(&text).map(|c| c[2].to_string());
    println!("{found:?}");
}
