//! What `plan9-run --on` and `plan9-remote` say to each other, in one place, because both must agree on all of it.
//!
//! # The protocol, version 1
//!
//! The client calls. Everything on the connection is a frame: its length in two bytes, the higher first, and so many
//! bytes ([`wire`]). A length that cannot be right where it stands ends the connection before anything is read into
//! memory for it.
//!
//! | who | frame | bytes behind the length |
//! |---|---|---|
//! | client | first message of Noise `NNpsk0` | 48 |
//! | server | second message | 48 |
//! | client | `Begin`, sealed: the proof that the client has the key too | 17 |
//! | both | messages, sealed, one a frame ([`Message`]) | 17 to 32,800 |
//!
//! The pattern is `Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s` with [`PROLOGUE`], and the key of 32 bytes that both machines
//! keep in a file ([`Key`]). Whoever has it not can make no frame that opens, in either direction, and reads nothing; a
//! connection that was recorded cannot be read later, when the key has become known. Each sealed frame has the next
//! number of its direction as its nonce, so that none can be left out, repeated or moved. The server waits for the first
//! three frames within one deadline, and closes without a word if they do not come or do not open.
//!
//! What follows `Begin`:
//!
//! | client says | then |
//! |---|---|
//! | `Request` | a part of the [`Request`], which may be longer than a frame |
//! | `Folder`, `File`, `Content` | what goes along; `Content` belongs to the last `File` |
//! | `Start` | all is said, the program may start |
//! | `Input`, `InputEnd` | standard input |
//! | `Room` | so many bytes more of an output may be sent |
//! | `Shut` | nobody reads this output any more |
//! | `Note` | is posted to the program's note group |
//!
//! | server says | it means |
//! |---|---|
//! | `Refused` | nothing was started, and why; the last message |
//! | `Output` | standard output or error |
//! | `InputRoom` | so many bytes more of standard input may be sent |
//! | `InputShut` | the program reads no standard input any more |
//! | `End` | the program has ended, by itself or by the limit; the last message |
//!
//! When the client closes before `End`, the run ends whole.
//!
//! Each of the three streams begins with room for [`flow::WINDOW`] bytes. Who sends keeps within what it was allowed
//! ([`flow::Allowance`]); who receives holds no more than that ([`flow::Queue`]), and allows more as it passes it on. So
//! neither side ever stops reading the connection, and learns at once when the other is gone.

pub mod flow;
mod key;
mod message;
pub mod wire;

pub use key::{Key, Random, is_private};
pub use message::{MAX_CONTENT, MAX_REQUEST, Message, Output, Request, Variable, safe_name};

/// What both sides must begin with, or nothing opens.
pub const PROLOGUE: &[u8] = b"plan9-remote 1";

/// The port at which `plan9-remote` listens unless it is told otherwise.
pub const PORT: u16 = 17019;
