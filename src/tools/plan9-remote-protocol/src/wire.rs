//! Frames, the handshake, and sealed messages over any stream of bytes.

use crate::message::MAX_CONTENT;
use crate::{Key, Message, PROLOGUE, Random};
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash};
use snow::{Builder, HandshakeState, StatelessTransportState};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

const PATTERN: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";
/// Bytes by which a sealed message is longer than what it holds.
const TAG: usize = 16;
/// Both messages of the handshake: a public key and a tag.
const HANDSHAKE: usize = 32 + TAG;
/// `Begin`, sealed.
const BEGIN: usize = 1 + TAG;
/// A message around `MAX_CONTENT`: its number, the output's, and a length of at most three bytes.
const MAX_PLAIN: usize = MAX_CONTENT + 16;
/// The longest sealed message.
const MAX_SEALED: usize = MAX_PLAIN + TAG;
/// A frame's length in front of it.
const PREFIX: usize = 2;

/// The secret that both ends of a connection have after the handshake.
pub type Secret = Arc<StatelessTransportState>;

/// The client's part of the handshake.
///
/// # Errors
///
/// `PermissionDenied` if the other end has not our key: it closes without a word, or says what does not open. What the
/// stream says; `ConnectionReset` is not for want of the key, but for too many callers.
pub fn initiate<S: Read + Write>(stream: &mut S, key: &Key, random: Random) -> io::Result<Secret> {
    let mut handshake = builder(key, random, |builder| builder.build_initiator())?;
    let mut frame = [0; PREFIX + HANDSHAKE];
    handshake.write_message(&[], &mut frame[PREFIX..]).map_err(broken)?;
    put_length(&mut frame);
    stream.write_all(&frame)?;
    let refused = |why: io::Error| match why.kind() {
        ErrorKind::UnexpectedEof => denied(),
        _ => why,
    };
    let mut answer = [0; HANDSHAKE];
    read_frame(stream, &mut answer, HANDSHAKE).map_err(refused)?;
    handshake.read_message(&answer, &mut []).map_err(|_| denied())?;
    let secret = Arc::new(handshake.into_stateless_transport_mode().map_err(broken)?);
    Ok(secret)
}

/// The server's part; the connection is nobody's until it has succeeded, which needs the client's `Begin` too: the first
/// frame of a client that had the key can be repeated by one that has it not, but what follows cannot.
///
/// # Errors
///
/// `PermissionDenied` for a caller without the key, `InvalidData` for what is no such frame, and what the stream says.
pub fn respond<S: Read + Write>(stream: &mut S, key: &Key, random: Random) -> io::Result<Secret> {
    let mut first = [0; HANDSHAKE];
    read_frame(stream, &mut first, HANDSHAKE)?;
    let mut handshake = builder(key, random, |builder| builder.build_responder())?;
    handshake.read_message(&first, &mut []).map_err(|_| denied())?;
    let mut frame = [0; PREFIX + HANDSHAKE];
    handshake.write_message(&[], &mut frame[PREFIX..]).map_err(broken)?;
    put_length(&mut frame);
    stream.write_all(&frame)?;
    let secret = handshake.into_stateless_transport_mode().map_err(broken)?;
    let (mut sealed, mut plain) = ([0; BEGIN], [0; 1]);
    read_frame(stream, &mut sealed, BEGIN)?;
    secret.read_message(0, &sealed, &mut plain).map_err(|_| denied())?;
    match postcard::from_bytes(&plain) {
        Ok(Message::Begin) => Ok(Arc::new(secret)),
        _ => Err(invalid("the first message is another than Begin")),
    }
}

/// What seals messages and sends them.
pub struct Sender<W> {
    secret: Secret,
    stream: W,
    /// Of the next message.
    number: u64,
    plain: Box<[u8]>,
    frame: Box<[u8]>,
}

impl<W: Write> Sender<W> {
    /// Of the client after [`initiate`]; sends `Begin`.
    ///
    /// # Errors
    ///
    /// What the stream says.
    pub fn client(secret: Secret, stream: W) -> io::Result<Sender<W>> {
        let mut sender = Sender::new(secret, stream, 0);
        sender.send(&Message::Begin)?;
        Ok(sender)
    }

    /// Of the server after [`respond`].
    pub fn server(secret: Secret, stream: W) -> Sender<W> {
        Sender::new(secret, stream, 0)
    }

    fn new(secret: Secret, stream: W, number: u64) -> Sender<W> {
        let plain = vec![0; MAX_PLAIN].into();
        let frame = vec![0; PREFIX + MAX_SEALED].into();
        Sender { secret, stream, number, plain, frame }
    }

    /// Sends a message in one write.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a message that is too long; what the stream says.
    pub fn send(&mut self, message: &Message<'_>) -> io::Result<()> {
        let too_long = |_| io::Error::new(ErrorKind::InvalidInput, "a message too long to be sent");
        let plain = postcard::to_slice(message, &mut self.plain).map_err(too_long)?;
        let sealed = &mut self.frame[PREFIX..];
        let len = self.secret.write_message(self.number, plain, sealed).map_err(broken)?;
        self.number += 1;
        put_length(&mut self.frame[..PREFIX + len]);
        self.stream.write_all(&self.frame[..PREFIX + len])
    }
}

/// What receives messages and opens them.
pub struct Receiver<R> {
    secret: Secret,
    stream: R,
    /// Of the next message.
    number: u64,
    sealed: Box<[u8]>,
    plain: Box<[u8]>,
}

impl<R: Read> Receiver<R> {
    /// Of the client after [`initiate`].
    pub fn client(secret: Secret, stream: R) -> Receiver<R> {
        Receiver::new(secret, stream, 0)
    }

    /// Of the server after [`respond`], which has taken the first message.
    pub fn server(secret: Secret, stream: R) -> Receiver<R> {
        Receiver::new(secret, stream, 1)
    }

    fn new(secret: Secret, stream: R, number: u64) -> Receiver<R> {
        let sealed = vec![0; MAX_SEALED].into();
        let plain = vec![0; MAX_PLAIN].into();
        Receiver { secret, stream, number, sealed, plain }
    }

    /// Waits for the next message.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the other end has closed, `InvalidData` for a frame that is too long or does not open, what the
    /// stream says.
    pub fn receive(&mut self) -> io::Result<Message<'_>> {
        let len = read_frame(&mut self.stream, &mut self.sealed, BEGIN)?;
        let opened = self.secret.read_message(self.number, &self.sealed[..len], &mut self.plain);
        let len = opened.map_err(|_| invalid("a frame that the key does not open"))?;
        self.number += 1;
        match postcard::take_from_bytes(&self.plain[..len]) {
            Ok((message, [])) => Ok(message),
            _ => Err(invalid("a message that is none")),
        }
    }

    /// What the messages come from.
    pub fn stream(&mut self) -> &mut R {
        &mut self.stream
    }
}

/// Reads a frame of at least so many bytes that fits into the buffer; its length.
fn read_frame(stream: &mut impl Read, buffer: &mut [u8], least: usize) -> io::Result<usize> {
    let mut prefix = [0; PREFIX];
    stream.read_exact(&mut prefix)?;
    let len = usize::from(u16::from_be_bytes(prefix));
    if len < least || len > buffer.len() {
        return Err(invalid("a frame of a length that none has here"));
    }
    stream.read_exact(&mut buffer[..len])?;
    Ok(len)
}

fn put_length(frame: &mut [u8]) {
    // No frame is longer than `MAX_SEALED`.
    let len = (frame.len() - PREFIX) as u16;
    frame[..PREFIX].copy_from_slice(&len.to_be_bytes());
}

fn denied() -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, "the other end has another key or version")
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// What cannot happen with a stream that delivers.
fn broken(why: snow::Error) -> io::Error {
    io::Error::other(format!("encryption failed: {why}"))
}

fn builder(
    key: &Key,
    random: Random,
    build: impl Fn(Builder<'_>) -> Result<HandshakeState, snow::Error>,
) -> io::Result<HandshakeState> {
    let pattern = PATTERN.parse().map_err(broken)?;
    let builder = Builder::with_resolver(pattern, Box::new(Resolver(random)));
    let builder = builder.psk(0, key.bytes()).and_then(|builder| builder.prologue(PROLOGUE));
    build(builder.map_err(broken)?).map_err(broken)
}

/// The library's own ciphers, with random bytes from whoever uses this crate: the library has no source on Plan 9.
struct Resolver(Random);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn snow::types::Random>> {
        Some(Box::new(Source(self.0)))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

struct Source(Random);

impl snow::types::Random for Source {
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), snow::Error> {
        (self.0)(bytes).map_err(|_| snow::Error::Rng)
    }
}
