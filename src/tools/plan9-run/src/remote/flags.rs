//! The options that are about another machine.

use anyhow::{Context, Result, ensure};
use plan9_remote_protocol::{PORT, safe_name};
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Another machine, for those who cannot give options.
pub const ON: &str = "PLAN9_ON";
/// The file of the key, likewise.
pub const KEY: &str = "PLAN9_KEY";

/// Options for a run on another machine.
#[derive(clap::Args)]
#[group(id = Flags::GROUP, multiple = true)]
pub struct Flags {
    /// Run the program on the machine where plan9-remote answers at this address [port: 17019] [env: PLAN9_ON]
    #[arg(long, value_name = "ADDRESS")]
    pub on: Option<Place>,
    /// The file with the key that the other machine has too [default: plan9-remote/key in $XDG_CONFIG_HOME or ~/.config]
    /// [env: PLAN9_KEY]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Make a key, write it to a new file that only its owner reads, and run nothing
    #[arg(long, value_name = "FILE", exclusive = true)]
    pub new_key: Option<PathBuf>,
    /// End the program over there after this time, with exit code 124
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub limit: Option<Duration>,
    /// A file or folder of this machine that is to lie under NAME in the folder in which the program starts, and that is
    /// gone afterwards; may be given again
    #[arg(long, value_name = "HOSTFILE=NAME", value_parser = sent)]
    pub send: Vec<(PathBuf, String)>,
}

/// Where another machine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: String,
    pub port: u16,
}

impl Flags {
    /// The group of these options, for clap.
    pub const GROUP: &str = "remote";

    /// Whether an option of this id is one of these.
    pub fn has(id: &str) -> bool {
        ["on", "key", "limit", "send"].contains(&id)
    }

    /// The machine that was named, by the option or by the variable.
    pub fn place(&self) -> Result<Option<Place>> {
        if self.on.is_some() {
            return Ok(self.on.clone());
        }
        let Some(text) = env::var_os(ON).filter(|text| !text.is_empty()) else { return Ok(None) };
        let text = text.to_str().with_context(|| format!("{ON} is not UTF-8; name a machine"))?;
        text.parse().map(Some).with_context(|| format!("{ON} is no address"))
    }

    /// Where the key lies.
    pub fn key_file(&self) -> Result<PathBuf> {
        let named = self.key.clone().or_else(|| env::var_os(KEY).map(PathBuf::from));
        if let Some(named) = named.filter(|file| !file.as_os_str().is_empty()) {
            return Ok(named);
        }
        let folder = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let folder = folder.filter(|folder| folder.is_absolute());
        let folder = folder.or_else(|| env::home_dir().map(|home| home.join(".config")));
        let folder = folder.context("HOME is not set; name the key's file by --key")?;
        Ok(folder.join("plan9-remote/key"))
    }
}

impl std::str::FromStr for Place {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Place> {
        const HINT: &str = "write a host, or a host, a colon and a port, such as 127.0.0.1:17019";
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (host, port) = match bracketed {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').context(HINT)?)),
            None => match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                // An IPv6 address without brackets holds several.
                _ => (text, None),
            },
        };
        let port = port.map_or(Ok(PORT), str::parse).ok().filter(|&port| port != 0);
        ensure!(!host.is_empty(), HINT);
        Ok(Place { host: host.to_string(), port: port.context(HINT)? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A time in seconds, more than none.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|number| Duration::try_from_secs_f64(number).ok());
    seconds
        .filter(|limit| !limit.is_zero() && *limit <= Duration::from_secs(u32::MAX.into()))
        .ok_or("write a number of seconds above 0, such as 60 or 0.5".to_string())
}

/// The file and the name of `--send`. The name is one below the folder of the run.
fn sent(text: &str) -> Result<(PathBuf, String), String> {
    let pair = text.rsplit_once('=').filter(|(file, _)| !file.is_empty());
    pair.filter(|(_, name)| safe_name(name))
        .map(|(file, name)| (PathBuf::from(file), name.to_string()))
        .ok_or(
            "write a file, = and its name in the program's folder, such as target/bin=bin".into(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_or_the_usual_one() {
        let place = |text: &str| text.parse::<Place>().unwrap().to_string();
        assert_eq!(place("cirno"), "cirno:17019");
        assert_eq!(place("10.0.0.2:99"), "10.0.0.2:99");
        assert_eq!(place("::1"), "[::1]:17019");
        assert_eq!(place("[::1]:7"), "[::1]:7");
        assert_eq!(place("[fe80::1]"), "[fe80::1]:17019");
        for wrong in ["", ":7", "a:", "a:0", "a:70000", "[::1]7", "[]:7", "a:b"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sent_files_name_stays_in_the_runs_folder() {
        assert_eq!(sent("/a=b/c"), Ok(("/a".into(), "b/c".into())));
        assert_eq!(sent("x=y=z"), Ok(("x=y".into(), "z".into())));
        for wrong in ["a", "=a", "a=", "a=/b", "a=../b", "a=b/..", "a=b//c", "a=."] {
            assert!(sent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_a_time_above_none() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "x", "nan", "1e300"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
