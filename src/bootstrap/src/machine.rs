//! Where programs for Plan 9 run: in the machine within `plan9-run`, or on another on which `plan9-remote` answers.
//!
//! `plan9-run` takes the other machine from the environment, so that what cargo starts runs there too.

use crate::served::{FLAGS, KEY, ON, Served};
use anyhow::{Context, Result, ensure};
use std::env;
use std::path::{PathBuf, absolute};
use std::process::Command;
use std::sync::OnceLock;

/// In the place of an address: a machine that is started for this.
pub const SERVED: &str = "machine";

/// Which machine, as the user says it.
#[derive(clap::Args)]
pub struct Args {
    /// Run programs on the machine where plan9-remote answers at this address, host:port; `machine` starts one in
    /// plan9-run for this [env: PLAN9_ON]
    #[arg(long, value_name = "ADDRESS")]
    pub on: Option<String>,
    /// The file with that machine's key [env: PLAN9_KEY]
    #[arg(long, value_name = "FILE", requires = "on")]
    pub key: Option<PathBuf>,
}

impl Args {
    /// The machine that is meant; `start` is called where it is to be started for this.
    pub fn machine(&self, start: impl FnOnce() -> Result<Served>) -> Result<Machine> {
        let variable = env::var(ON).ok().filter(|text| !text.is_empty());
        let Some(on) = self.on.clone().or(variable) else { return Ok(Machine::default()) };
        if on == SERVED {
            ensure!(self.key.is_none(), "--on {SERVED} makes a key of its own; leave out --key");
            return start().map(Machine::served);
        }
        // Given relative, it must hold for programs that are started elsewhere.
        let key = match &self.key {
            Some(key) => Some(absolute(key).context("--key names no file")?),
            None => env::var_os(KEY).map(PathBuf::from),
        };
        Ok(Machine::remote(Remote { address: on, key, served: None }))
    }
}

/// A machine, with what was found out about it.
#[derive(Default)]
pub struct Machine {
    remote: Option<Remote>,
    /// How many times slower it is than limits of time are made for.
    pub slowness: OnceLock<f64>,
    /// What it says of itself, `NAME VALUE` a line.
    pub facts: OnceLock<String>,
}

/// Another machine than that in plan9-run.
pub struct Remote {
    address: String,
    key: Option<PathBuf>,
    served: Option<Served>,
}

impl Machine {
    fn remote(remote: Remote) -> Self {
        Self { remote: Some(remote), ..Self::default() }
    }

    /// One that was started here.
    pub fn served(served: Served) -> Self {
        let (address, key) = (served.address(), Some(served.key()));
        Self::remote(Remote { address, key, served: Some(served) })
    }

    /// Whether it is the one in plan9-run, whose flags can be chosen for each program.
    pub fn is_embedded(&self) -> bool {
        self.remote.is_none()
    }

    /// The runs that can be had on it of those that differ in plan9-run's flags: all, or the first.
    pub fn kinds<'a, 'b>(&self, flags: &'a [&'b [&'b str]]) -> &'a [&'b [&'b str]] {
        if self.is_embedded() { flags } else { &flags[..1] }
    }

    /// Its name in messages.
    pub fn name(&self) -> String {
        match &self.remote {
            None => "the embedded machine".to_owned(),
            Some(Remote { served: Some(_), .. }) => "plan9-remote in plan9-run".to_owned(),
            Some(remote) => remote.address.clone(),
        }
    }

    /// Makes plan9-run, started by this command or by what it starts, use this machine, and no flags but those it is given.
    pub fn tell(&self, command: &mut Command) {
        for name in [ON, KEY, FLAGS] {
            command.env_remove(name);
        }
        if let Some(remote) = &self.remote {
            command.env(ON, &remote.address);
            if let Some(key) = &remote.key {
                command.env(KEY, key);
            }
        }
    }

    /// Why a program may have failed that has nothing to do with it, if plan9-remote was started here and has ended.
    pub fn lost(&self) -> Option<String> {
        self.remote.as_ref()?.served.as_ref()?.lost()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_told_by_the_environment_and_the_embedded_one_by_its_absence() {
        let variables = |machine: &Machine| {
            let mut command = Command::new("x");
            machine.tell(&mut command);
            let of = |name: &str| {
                let (_, value) = command.get_envs().find(|(found, _)| *found == name)?;
                value.map(|value| value.to_string_lossy().into_owned())
            };
            (of(ON), of(KEY), of(FLAGS))
        };
        assert_eq!(variables(&Machine::default()), (None, None, None));
        let args = Args { on: Some("plan9:1".into()), key: Some("/k".into()) };
        let machine = args.machine(|| unreachable!()).unwrap();
        assert_eq!(variables(&machine), (Some("plan9:1".into()), Some("/k".into()), None));
        assert!(!machine.is_embedded());
    }

    #[test]
    fn runs_that_differ_in_flags_are_one_on_another_machine() {
        let flags: &[&[&str]] = &[&[], &["--no-splice"]];
        assert_eq!(Machine::default().kinds(flags).len(), 2);
        let args = Args { on: Some("plan9".into()), key: None };
        let machine = args.machine(|| unreachable!()).unwrap();
        assert_eq!(machine.kinds(flags), [&[] as &[&str]]);
    }
}
