//! The messages, written by `postcard`, whose format is fixed: a variant's number, then its fields in order.

use serde::{Deserialize, Serialize};

/// The most bytes of a stream, a file or a request that one message holds.
pub const MAX_CONTENT: usize = 32 * 1024;

/// The most bytes of a request: the kernel takes less than half of it in arguments, and 1 MiB in variables.
pub const MAX_REQUEST: usize = 4 * 1024 * 1024;

/// One of the program's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    Stdout,
    Stderr,
}

/// What is said in a sealed frame. The order of the variants is part of the protocol.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message<'a> {
    /// The client's first.
    Begin,
    /// A part of a [`Request`], in order.
    Request(&'a [u8]),
    /// A folder in the run's own, with its permission bits.
    Folder { name: &'a str, mode: u32 },
    /// A file in the run's own folder, with its permission bits; its content follows.
    File { name: &'a str, mode: u32 },
    /// More of the last file.
    Content(&'a [u8]),
    /// All is said.
    Start,
    /// Standard input.
    Input(&'a [u8]),
    /// The end of standard input.
    InputEnd,
    /// So many bytes more may be sent.
    Room { output: Output, bytes: u32 },
    /// Nobody reads it any more.
    Shut(Output),
    /// To be posted to the program's note group.
    Note(&'a [u8]),
    /// The server's, in the place of all others: nothing was started.
    Refused(&'a str),
    /// What the program wrote.
    Output { output: Output, bytes: &'a [u8] },
    /// So many bytes more of standard input may be sent.
    InputRoom(u32),
    /// The program reads standard input no more.
    InputShut,
    /// The program's exit text, and whether it was ended because its time was over.
    End { status: &'a [u8], over: bool },
}

/// A variable of the program's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    pub name: String,
    pub value: Vec<u8>,
    /// Set also where the machine has one of this name.
    pub replaces: bool,
}

/// What is to run. The program is a file that goes along, by its name in `program`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// A name without a slash; the program's file is the first that comes.
    pub program: String,
    /// Without the program's own name, which is its path over there.
    pub args: Vec<Vec<u8>>,
    pub variables: Vec<Variable>,
    /// What is bound before what; a relative first one is below the run's folder.
    pub binds: Vec<(String, String)>,
    /// In milliseconds.
    pub limit: Option<u64>,
}

impl Request {
    /// The bytes of its messages.
    pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_allocvec(self)
    }

    /// The request of all bytes.
    pub fn decode(bytes: &[u8]) -> Result<Request, postcard::Error> {
        match postcard::take_from_bytes(bytes)? {
            (request, []) => Ok(request),
            _ => Err(postcard::Error::DeserializeBadEncoding),
        }
    }
}

/// Whether a name of a file that goes along stays below the run's folder.
pub fn safe_name(name: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    !name.starts_with('#') && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_out_as_it_went_in_and_nothing_else_does() {
        let request = Request {
            program: "hello".into(),
            args: vec![b"a b".to_vec(), vec![0xff, 0]],
            variables: vec![Variable { name: "x".into(), value: vec![1], replaces: true }],
            binds: vec![("bin".into(), "/bin".into())],
            limit: Some(1500),
        };
        let bytes = request.encode().unwrap();
        assert_eq!(Request::decode(&bytes), Ok(request));
        for len in 0..bytes.len() {
            assert!(Request::decode(&bytes[..len]).is_err(), "{len}");
        }
        assert!(Request::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_length_that_is_a_lie_takes_no_memory() {
        // The program's name, then 2^60 arguments.
        let lie = [1, b'x', 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
        assert!(Request::decode(&lie).is_err());
    }

    #[test]
    fn names_that_lead_out_are_not_safe() {
        for good in ["a", "a/b.c", "..a", "a#"] {
            assert!(safe_name(good), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", ".", "#s/x", "a\0b"] {
            assert!(!safe_name(bad), "{bad}");
        }
    }

    #[test]
    fn the_variants_keep_their_numbers() {
        let mut buffer = [0; 64];
        let mut number =
            |message: &Message<'_>| postcard::to_slice(message, &mut buffer).unwrap()[0];
        assert_eq!(number(&Message::Begin), 0);
        assert_eq!(number(&Message::Start), 5);
        assert_eq!(number(&Message::Refused("")), 11);
        assert_eq!(number(&Message::End { status: b"", over: false }), 15);
    }
}
