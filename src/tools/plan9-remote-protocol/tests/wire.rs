//! The two ends over an ordinary socket, and ends that are not what they should be.

use plan9_remote_protocol::wire::{self, Receiver, Sender};
use plan9_remote_protocol::{Key, MAX_CONTENT, Message, Output};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

/// Not random, and different at each call: enough for a test.
fn random(bytes: &mut [u8]) -> io::Result<()> {
    use std::hash::{BuildHasher, RandomState};
    bytes.iter_mut().for_each(|byte| *byte = RandomState::new().hash_one(0) as u8);
    Ok(())
}

fn key(of: u8) -> Key {
    Key::parse("0123456789abcdef".repeat(4).replace('0', &of.to_string()).as_bytes()).unwrap()
}

/// Runs both ends; what the server's handshake and its next message gave.
fn meet(client: impl FnOnce(UnixStream) + Send) -> io::Result<String> {
    let (near, mut far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| client(near));
        let secret = wire::respond(&mut far, &key(1), random)?;
        let mut receiver = Receiver::server(secret, far);
        receiver.receive().map(|message| format!("{message:?}"))
    })
}

/// A client's sender, after the handshake.
fn called(mut stream: UnixStream) -> Sender<UnixStream> {
    let secret = wire::initiate(&mut stream, &key(1), random).unwrap();
    Sender::client(secret, stream).unwrap()
}

/// The frame that a client sends first, and its stream.
fn first_frame() -> Vec<u8> {
    let (mut near, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || wire::initiate(&mut near, &key(1), random).is_err());
        // Closed at the end of this, which ends the caller's wait for an answer.
        let mut far = far;
        let mut frame = vec![0; 50];
        far.read_exact(&mut frame).unwrap();
        frame
    })
}

#[test]
fn messages_go_both_ways() {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let long: Vec<u8> = (0..MAX_CONTENT).map(|at| (at * 31) as u8).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let secret = wire::initiate(&mut near, &key(1), random).unwrap();
            let mut sender = Sender::client(secret.clone(), near.try_clone().unwrap()).unwrap();
            sender.send(&Message::Input(&long)).unwrap();
            sender.send(&Message::InputEnd).unwrap();
            let mut receiver = Receiver::client(secret, near);
            let output = Message::Output { output: Output::Stderr, bytes: &long };
            assert_eq!(receiver.receive().unwrap(), output);
            let why = receiver.receive().unwrap_err();
            assert_eq!(why.kind(), ErrorKind::UnexpectedEof);
        });
        let secret = wire::respond(&mut far, &key(1), random).unwrap();
        let mut receiver = Receiver::server(secret.clone(), far.try_clone().unwrap());
        assert_eq!(receiver.receive().unwrap(), Message::Input(&long));
        assert_eq!(receiver.receive().unwrap(), Message::InputEnd);
        let mut sender = Sender::server(secret, far);
        sender.send(&Message::Output { output: Output::Stderr, bytes: &long }).unwrap();
        let longer = vec![0; MAX_CONTENT + 16];
        let why = sender.send(&Message::Content(&longer)).unwrap_err();
        assert_eq!(why.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn another_key_opens_nothing_on_either_side() {
    let end = meet(|mut stream| {
        let why = wire::initiate(&mut stream, &key(2), random).err().unwrap();
        assert_eq!(why.kind(), ErrorKind::PermissionDenied);
    });
    assert_eq!(end.unwrap_err().kind(), ErrorKind::PermissionDenied);
    // A server without the key, to which the client would give its program.
    let (mut near, mut far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            far.read_exact(&mut [0; 50]).unwrap();
            far.write_all(&[&[0, 48][..], &[7; 48]].concat()).unwrap();
            assert_eq!(far.read(&mut [0]).unwrap(), 0);
        });
        let why = wire::initiate(&mut near, &key(1), random).err().unwrap();
        assert_eq!(why.kind(), ErrorKind::PermissionDenied);
        drop(near);
    });
}

#[test]
fn garbage_is_no_handshake() {
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 200], &[0; 50], &[0, 48, 1]] {
        let end = meet(|mut stream| stream.write_all(garbage).unwrap());
        assert!(end.is_err(), "{garbage:?}");
    }
}

#[test]
fn a_recorded_first_frame_leads_nowhere() {
    let frame = first_frame();
    let end = meet(|mut stream| {
        stream.write_all(&frame).unwrap();
        let mut answer = [0; 50];
        stream.read_exact(&mut answer).unwrap();
        stream.write_all(&[&[0, 17][..], &[0; 17]].concat()).unwrap();
    });
    assert_eq!(end.unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn before_the_handshake_is_over_only_its_own_lengths_are_read() {
    for length in [0u16, 17, 47, 49, 32_800, 65_535] {
        let end = meet(|mut stream| {
            stream.write_all(&length.to_be_bytes()).unwrap();
            // It does not wait for so many bytes: it closes.
            assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
        });
        assert_eq!(end.unwrap_err().kind(), ErrorKind::InvalidData, "{length}");
    }
}

#[test]
fn frames_that_are_too_long_too_short_or_changed_end_it() {
    let tamper = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        meet(move |stream| {
            let mut raw = stream.try_clone().unwrap();
            let _sender = called(stream);
            raw.write_all(&bytes).unwrap();
        })
    };
    for frame in [
        &[0xff, 0xff][..],
        &[0, 16],
        &[0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
    ] {
        assert_eq!(tamper(frame).unwrap_err().kind(), ErrorKind::InvalidData, "{frame:?}");
    }
    assert_eq!(tamper(&[0]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_frame_that_comes_twice_does_not_open() {
    struct Twice(UnixStream);
    impl Write for Twice {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write_all(&[bytes, bytes].concat())?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let end = meet(|mut stream| {
        let secret = wire::initiate(&mut stream, &key(1), random).unwrap();
        let _ = Sender::client(secret, Twice(stream));
    });
    assert_eq!(end.unwrap_err().kind(), ErrorKind::InvalidData);
}
