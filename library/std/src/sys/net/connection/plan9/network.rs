//! Which network: the folder that holds the protocols' directories.
//!
//! That is `/net` by convention, and a machine on two networks has the other as `/net.alt` (man
//! 3/ip). The program may say which is meant; a conversation keeps the one that it began in.

use super::place::Protocol;
use crate::fmt;
use crate::io;
use crate::path::Path;
use crate::sync::{Mutex, MutexGuard, PoisonError};
use crate::sys::fs::FileAttr;
use crate::sys::pal::text::Text;

/// The longest name, in bytes: that of a conversation's file must fit a [`Text`].
const LONGEST: usize = 80;

/// A network's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network(&'static str);

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

struct Networks {
    current: Network,
    /// Every one that was named, once, for as long as the program runs.
    named: Vec<&'static str>,
}

static NETWORKS: Mutex<Networks> =
    Mutex::new(Networks { current: Network("/net"), named: Vec::new() });

fn networks() -> MutexGuard<'static, Networks> {
    NETWORKS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Networks {
    fn named(&mut self, name: &str) -> Network {
        let known = self.named.iter().copied().find(|&known| known == name);
        Network(known.unwrap_or_else(|| {
            let kept = String::from(name).leak();
            self.named.push(kept);
            kept
        }))
    }
}

impl Network {
    /// The one in which new conversations begin.
    pub fn current() -> Network {
        networks().current
    }

    pub fn name(self) -> &'static str {
        self.0
    }

    /// The name of a file right in the folder.
    pub fn file(self, name: &str) -> Text {
        Text::new(format_args!("{self}/{name}"))
    }

    /// The network of a file in a protocol's directory, and the file's name in that.
    pub fn of_file(name: &str, protocol: Protocol) -> Option<(Network, &str)> {
        let directory = Text::new(format_args!("/{}/", protocol.name()));
        let directory = str::from_utf8(directory.as_bytes()).ok()?;
        let (network, file) = name.rsplit_once(directory)?;
        let fits = !network.is_empty() && network.len() <= LONGEST;
        fits.then(|| (networks().named(network), file))
    }
}

/// New conversations, and queries for names, are of the network in this folder from now on.
pub fn set_directory(directory: &Path) -> io::Result<()> {
    let name = directory.to_str().map(|name| name.trim_end_matches('/'));
    let Some(name) = name.filter(|name| name.starts_with(['/', '#']) && name.len() <= LONGEST)
    else {
        return Err(io::const_error!(
            io::ErrorKind::InvalidInput,
            "not the absolute name of a network's folder, of up to 80 bytes",
        ));
    };
    if !FileAttr::named(directory)?.file_type().is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let mut networks = networks();
    networks.current = networks.named(name);
    Ok(())
}
