//! Getting a compiler where none is there, said aloud before it happens.

use super::Rust;
use super::choice::{self, Choice, Way};
use super::machine::Machine;
use anyhow::{Result, bail};

/// The compiler that fits, got by one of the ways if it is not there yet.
pub fn find_or_install(machine: &Machine) -> Result<Rust> {
    let facts = machine.facts();
    let ways = match choice::choose(&facts) {
        Choice::Use(rust) => return Ok(rust),
        Choice::Refuse(why) => bail!("{why}"),
        Choice::Install(ways) => ways,
    };
    for way in ways {
        println!("x: {}", way.announcement());
        if goes(machine, &way)
            && let Some(rust) = choice::there(&machine.facts())
        {
            return Ok(rust.clone());
        }
        println!("x: that did not work; looking for another way");
    }
    bail!("{}", choice::mend(&facts))
}

fn goes(machine: &Machine, way: &Way) -> bool {
    way.commands().into_iter().all(|words| {
        let mut command = machine.command(words[0]);
        command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
        command.status().is_ok_and(|status| status.success())
    })
}
