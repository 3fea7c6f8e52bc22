//! Messages as the manual spells them, and what no server may do to this kernel.

use super::*;

/// A message of a type with these fields.
fn message(kind: u8, tag: u16, fields: &[u8]) -> Vec<u8> {
    let mut m = (HEADER as u32 + fields.len() as u32).to_le_bytes().to_vec();
    m.push(kind);
    m.extend(tag.to_le_bytes());
    m.extend(fields);
    m
}

#[test]
fn requests_are_spelled_as_the_manual_says() {
    let version = Request::Version { msize: 0x2018, version: "9P2000".into() };
    assert_eq!(version.encode(NO_TAG), message(100, !0, b"\x18\x20\0\0\x06\09P2000"));
    let walk = Request::Walk { fid: 1, new: 2, names: vec![b"a".to_vec(), b"bc".to_vec()] };
    assert_eq!(walk.encode(5), message(110, 5, b"\x01\0\0\0\x02\0\0\0\x02\0\x01\0a\x02\0bc"));
    let create = Request::Create { fid: 1, name: b"n".to_vec(), perm: 0o644, mode: 1 };
    assert_eq!(create.encode(1), message(114, 1, b"\x01\0\0\0\x01\0n\xa4\x01\0\0\x01"));
    let write = Request::Write { fid: 3, offset: 4, data: b"xy".to_vec() };
    assert_eq!(write.encode(1), message(118, 1, b"\x03\0\0\0\x04\0\0\0\0\0\0\0\x02\0\0\0xy"));
    assert_eq!(Request::Flush { old: 7 }.encode(8), message(108, 8, b"\x07\0"));
}

#[test]
fn replies_are_read_as_the_manual_says() {
    let qid = b"\x80\x01\0\0\0\x02\0\0\0\0\0\0\0";
    let file = Qid { path: 2, vers: 1, kind: 0x80 };
    let walk = [&b"\x01\0"[..], qid].concat();
    assert_eq!(Reply::parse(&message(111, 3, &walk)), Some((3, Reply::Walk(vec![file]))));
    let open = [&qid[..], b"\0\x20\0\0"].concat();
    assert_eq!(Reply::parse(&message(113, 3, &open)), Some((3, Reply::Open(file, 8192))));
    assert_eq!(
        Reply::parse(&message(117, 3, b"\x02\0\0\0hi")),
        Some((3, Reply::Read(b"hi".to_vec())))
    );
    assert_eq!(
        Reply::parse(&message(107, 3, b"\x02\0no")),
        Some((3, Reply::Error(b"no".to_vec())))
    );
}

#[test]
fn what_is_no_answer_is_refused() {
    // A request, an unknown type, a cut string, data behind the end, too many qids.
    for bad in [
        message(110, 3, b"\0\0\0\0\0\0\0\0\0\0"),
        message(255, 3, b""),
        message(0, 3, b""),
        message(107, 3, b"\x05\0no"),
        message(121, 3, b"x"),
        message(111, 3, &[&b"\x11\0"[..], &[0; 17 * 13]].concat()),
    ] {
        assert_eq!(Reply::parse(&bad), None, "{bad:?}");
    }
}

#[test]
fn messages_come_in_any_pieces() {
    let whole = [message(121, 1, b""), message(119, 2, b"\x03\0\0\0")].concat();
    let mut bytes = Vec::new();
    let mut got = Vec::new();
    for byte in whole {
        bytes.push(byte);
        match take(&mut bytes, 8216) {
            Front::Partial => {}
            front => got.push(front),
        }
    }
    assert_eq!(got, [Front::Message(1, Reply::Clunk), Front::Message(2, Reply::Write(3))]);
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % n
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.below(256) as u8).collect()
    }
}

#[test]
fn no_bytes_of_a_server_do_harm() {
    let mut numbers = Numbers(1);
    for round in 0..20_000 {
        let mut bytes = match round % 2 {
            0 => numbers.bytes(200),
            _ => message(100 + numbers.below(30) as u8, 1, &numbers.bytes(100)),
        };
        // Each message takes something off; what is left is the start of one.
        loop {
            let before = bytes.len();
            match take(&mut bytes, 128) {
                Front::Partial => break,
                _ => assert!(bytes.len() < before),
            }
        }
        assert!(bytes.len() < 128);
    }
}

#[test]
fn a_stretched_reply_is_none() {
    let mut numbers = Numbers(2);
    let mut read = 0;
    for _ in 0..20_000 {
        let mut fields = numbers.bytes(40);
        // Small counts, so that some are right.
        fields.iter_mut().take(4).for_each(|byte| *byte = (*byte).wrapping_mul(32) >> 5);
        let mut whole = message(100 + numbers.below(30) as u8, 1, &fields);
        if Reply::parse(&whole).is_some() {
            read += 1;
            whole.push(0);
            let size = whole.len() as u32;
            whole[..4].copy_from_slice(&size.to_le_bytes());
            assert_eq!(Reply::parse(&whole), None, "{whole:?}");
        }
    }
    assert!(read > 100, "{read}");
}
