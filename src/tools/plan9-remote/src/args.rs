//! The command line.

use crate::house;
use anyhow::{Context, Result, bail};
use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;
use std::net::SocketAddr;
use std::path::PathBuf;

pub const HELP: &str = "\
Runs programs for plan9-run --on, as the user that started it, for everybody who has the key.

usage: plan9-remote [options]

-a, --address ADDRESS   listen there; 0.0.0.0:17019 is every IPv4 address of the machine [127.0.0.1:17019]
-k, --key FILE          the file with the key, which only its owner may read [plan9-remote.key in $home/lib]
    --new-key FILE      make a key, write it to a new file that only its owner reads, and serve nobody
-i, --listen1           serve the one connection that is standard input and output, as aux/listen1 starts it
-d, --directory FOLDER  make the folders of the runs there [/tmp]
-r, --runs NUMBER       so many runs can there be at once [32]
-v, --verbose           say on standard error who calls and what becomes of it
-h, --help              print this
";

/// What the command line asks for.
pub enum Wish {
    Help,
    NewKey(PathBuf),
    Serve(Args),
}

/// How to serve.
pub struct Args {
    pub address: SocketAddr,
    /// `None`: where it is usually.
    pub key: Option<PathBuf>,
    pub listen1: bool,
    pub directory: PathBuf,
    pub runs: usize,
    pub verbose: bool,
}

impl Args {
    /// Reads the command line.
    pub fn read() -> Result<Wish> {
        let mut args = Args {
            address: house::loopback(),
            key: None,
            listen1: false,
            directory: PathBuf::from("/tmp"),
            runs: 32,
            verbose: false,
        };
        let mut words = lexopt::Parser::from_env();
        while let Some(word) = words.next()? {
            match word {
                Short('a') | Long("address") => {
                    let text = words.value()?.string()?;
                    args.address = text.parse().with_context(|| {
                        format!("{text} is no address with a port; write one such as 0.0.0.0:17019")
                    })?;
                }
                Short('k') | Long("key") => args.key = Some(words.value()?.into()),
                Long("new-key") => return Ok(Wish::NewKey(words.value()?.into())),
                Short('i') | Long("listen1") => args.listen1 = true,
                Short('d') | Long("directory") => args.directory = words.value()?.into(),
                Short('r') | Long("runs") => {
                    args.runs = words.value()?.parse().context("--runs wants a number")?;
                }
                Short('v') | Long("verbose") => args.verbose = true,
                Short('h') | Long("help") => return Ok(Wish::Help),
                other => bail!("{}; --help says what there is", other.unexpected()),
            }
        }
        Ok(Wish::Serve(args))
    }
}
