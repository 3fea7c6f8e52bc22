//! Names for the two ends of a conversation inside this machine.

use super::network::Network;
use crate::net::SocketAddr;

/// Which end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Caller = 0,
    Answerer = 1,
}

impl Role {
    pub fn other(self) -> Role {
        match self {
            Role::Caller => Role::Answerer,
            Role::Answerer => Role::Caller,
        }
    }
}

/// What a conversation's ends have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub network: Network,
    /// The caller's own address.
    pub caller: SocketAddr,
    /// The port that it called.
    pub port: u16,
}

/// An end that is looked for among all conversations.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub key: Key,
    pub role: Role,
    /// Whether the roles are a guess: of a pair that came as a descriptor, nobody knows who called.
    /// Then the caller's address alone may be a server's, and the other one counts as well.
    pub guessed: bool,
}
