//! How the three tables of `/net` that are no files of bytes answer a read: they cut lines to the reader's room or leave
//! them out, and what was cut off is not in the next read.
//!
//! Only a read with room for all of it gives a table whole. A program must not be able to rely on more here than on a
//! real kernel, so each loop is the kernel's, with its own idea of an offset. Lines are formatted with a NUL behind them,
//! for which there must be room as well.

/// `ipselftab` (`ip/ipifc.c:ipselftabread`): before the offset is reached each line starts the buffer anew.
pub fn self_table(lines: &[String], offset: u64, room: usize) -> Vec<u8> {
    let mut left = offset as i32;
    let mut out = Vec::new();
    for line in lines {
        if out.len() >= room {
            break;
        }
        out.extend(formatted(line, room - out.len()));
        if left > 0 {
            left = left.wrapping_sub(out.len() as i32);
            out.clear();
        }
    }
    out
}

/// `iproute` (`ip/iproute.c:routeread`): a line counts for as much as there was room for.
pub fn routes(lines: &[String], offset: u64, room: usize) -> Vec<u8> {
    let mut at = (offset as i32).wrapping_neg();
    let mut out = Vec::new();
    if at > 0 {
        return out;
    }
    for line in lines {
        if out.len() >= room {
            break;
        }
        let text = formatted(line, room - out.len());
        if at < 0 {
            let skipped = at.unsigned_abs() as usize;
            if text.len() > skipped {
                out.extend(&text[skipped..]);
            }
            at += text.len() as i32;
        } else {
            out.extend(text);
        }
    }
    out
}

/// `arp` (`ip/arp.c:arpread`): whole lines only, and one that the offset lies in from its start.
pub fn neighbours(lines: &[String], offset: u64, room: usize) -> Vec<u8> {
    let mut at = (offset as i32).wrapping_neg();
    let mut out = Vec::new();
    for line in lines {
        if out.len() >= room {
            break;
        }
        at = at.wrapping_add(line.len() as i32);
        if at <= 0 {
            continue;
        }
        if line.len() > room - out.len() {
            break;
        }
        out.extend(line.as_bytes());
    }
    out
}

/// What `snprint` leaves in so much room.
fn formatted(line: &str, room: usize) -> &[u8] {
    &line.as_bytes()[..line.len().min(room.saturating_sub(1))]
}

#[cfg(test)]
mod tests {
    use super::{neighbours, routes, self_table};

    type Table = fn(&[String], u64, usize) -> Vec<u8>;

    /// What a program gets that reads on until a read gives nothing.
    fn in_pieces(table: Table, lines: &[String], room: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let piece = table(lines, all.len() as u64, room);
            if piece.is_empty() {
                return all;
            }
            all.extend(piece);
        }
    }

    fn lines(count: usize, length: usize) -> Vec<String> {
        (0..count).map(|n| format!("{n:<width$}\n", width = length - 1)).collect()
    }

    /// The tables as long as they were on a real kernel, and what it gave: all at once, in pieces of 32 bytes and of 1.
    #[test]
    fn pieces_give_as_much_as_on_a_real_kernel() {
        let tables: [(&str, Table, Vec<String>, [usize; 3]); 3] = [
            ("ipselftab", self_table, lines(12, 53), [636, 372, 0]),
            ("iproute", routes, lines(22, 72), [1584, 682, 0]),
            ("arp", neighbours, lines(2, 80), [160, 0, 0]),
        ];
        for (name, table, lines, sizes) in tables {
            let whole = lines.concat();
            for (room, size) in [1 << 16, 32, 1].into_iter().zip(sizes) {
                let got = in_pieces(table, &lines, room);
                assert_eq!(got.len(), size, "{name} in pieces of {room}");
                assert_eq!(got == whole.as_bytes(), size == whole.len(), "{name}: {room}");
                assert_eq!(got.contains(&b'\n'), size == whole.len(), "{name}: {room}");
            }
        }
    }

    /// From how many bytes a read on each table comes out whole, and what one of 512 lacks: measured too.
    #[test]
    fn a_table_is_whole_from_a_size_on() {
        let own = lines(12, 53);
        assert_eq!(in_pieces(self_table, &own, 512).len(), 617);
        assert_eq!(in_pieces(self_table, &own, 1024), own.concat().as_bytes());
        let ways = lines(22, 72);
        assert_ne!(in_pieces(routes, &ways, 72), ways.concat().as_bytes());
        assert_eq!(in_pieces(routes, &ways, 80), ways.concat().as_bytes());
        let near = lines(2, 80);
        assert_eq!(in_pieces(neighbours, &near, 79), b"");
        assert_eq!(in_pieces(neighbours, &near, 80), near.concat().as_bytes());
        assert_eq!(neighbours(&near, 10, 80), near[0].as_bytes());
    }

    #[test]
    fn an_offset_that_no_int_holds_is_none_or_the_end() {
        let lines = lines(3, 20);
        assert_eq!(self_table(&lines, 1 << 31, 4096), lines.concat().as_bytes());
        assert_eq!(routes(&lines, (1 << 32) - 1, 4096), b"");
        assert_eq!(neighbours(&lines, (1 << 32) - 1, 4096), lines.concat().as_bytes());
    }
}
