//! A system call's arguments and result as a person reads them, for `--trace`.

use super::proc::Call;
use super::{Kernel, quote};
use crate::dev::Pid;
use plan9_abi::flags::{bind, noted, open, rfork};
use plan9_abi::sysno;

/// What an argument is.
#[derive(Clone, Copy)]
enum Kind {
    /// A descriptor, a count, milliseconds: signed, 32 bits.
    Number,
    /// An offset.
    Offset,
    Address,
    /// A NUL-terminated string, or nil.
    Text,
    /// Bytes, as many as the next argument says.
    Bytes,
    /// An argument vector.
    Vector,
    OpenMode,
    Permissions,
    ForkFlags,
    BindFlags,
    NotedHow,
}

/// Bytes of a buffer that are shown.
const SHOWN: usize = 32;
/// Bytes of a string that are shown.
const LONGEST: usize = 200;
/// Arguments of a new program that are shown.
const MOST: usize = 20;

fn kinds(number: usize) -> &'static [Kind] {
    use Kind::*;
    match number {
        sysno::BIND => &[Text, Text, BindFlags],
        sysno::CHDIR | sysno::EXITS | sysno::REMOVE => &[Text],
        sysno::CLOSE | sysno::ALARM | sysno::SLEEP => &[Number],
        sysno::DUP => &[Number, Number],
        sysno::EXEC => &[Text, Vector],
        sysno::FAUTH => &[Number, Text],
        sysno::OPEN => &[Text, OpenMode],
        sysno::CREATE => &[Text, OpenMode, Permissions],
        sysno::RFORK => &[ForkFlags],
        sysno::NOTED => &[NotedHow],
        sysno::PIPE | sysno::BRK | sysno::NOTIFY | sysno::SEGDETACH => &[Address],
        sysno::SEGBRK | sysno::RENDEZVOUS => &[Address, Address],
        sysno::FD2PATH | sysno::FSTAT => &[Number, Address, Number],
        sysno::SEGATTACH => &[Address, Text, Address, Offset],
        sysno::SEGFREE | sysno::SEGFLUSH => &[Address, Offset],
        sysno::UNMOUNT => &[Text, Text],
        sysno::SEMACQUIRE | sysno::TSEMACQUIRE | sysno::SEMRELEASE => &[Address, Number],
        sysno::SEEK => &[Address, Number, Offset, Number],
        sysno::FVERSION => &[Number, Number, Text, Number],
        sysno::ERRSTR => &[Text, Number],
        sysno::STAT => &[Text, Address, Number],
        sysno::WSTAT => &[Text, Bytes, Number],
        sysno::FWSTAT => &[Number, Bytes, Number],
        sysno::MOUNT => &[Number, Number, Text, BindFlags, Text],
        sysno::AWAIT => &[Address, Number],
        sysno::PREAD => &[Number, Address, Number, Offset],
        sysno::PWRITE => &[Number, Bytes, Number, Offset],
        _ => &[],
    }
}

/// The arguments with commas between.
pub(crate) fn arguments(k: &Kernel, pid: Pid, call: &Call) -> String {
    let number = call.number as usize;
    let count = sysno::describe(number).map_or(call.args.len(), |(_, count)| count);
    let kinds = kinds(number);
    let one = |place: usize| {
        let value = call.args[place];
        let next = call.args.get(place + 1).copied().unwrap_or(0);
        spelled(k, pid, kinds.get(place).copied().unwrap_or(Kind::Address), value, next)
    };
    (0..count.min(call.args.len())).map(one).collect::<Vec<_>>().join(", ")
}

/// The result; of a call that filled a buffer also the start of what it holds now.
pub(crate) fn result(k: &Kernel, pid: Pid, call: &Call, value: i64) -> String {
    match call.number as usize {
        sysno::SEGATTACH | sysno::BRK | sysno::SEGBRK if value > 0 => format!("{value:#x}"),
        sysno::PREAD => format!("{value} {}", bytes(k, pid, call.args[1], value as usize)),
        sysno::AWAIT => format!("{value} {}", bytes(k, pid, call.args[0], value as usize)),
        _ => value.to_string(),
    }
}

fn spelled(k: &Kernel, pid: Pid, kind: Kind, value: u64, next: u64) -> String {
    let named = |names: &[(u32, &str)]| flags(value as u32, names);
    match kind {
        Kind::Number => (value as i32).to_string(),
        Kind::Offset => (value as i64).to_string(),
        Kind::Address => format!("{value:#x}"),
        Kind::Text => text(k, pid, value),
        Kind::Bytes => bytes(k, pid, value, next as u32 as usize),
        Kind::Vector => vector(k, pid, value),
        Kind::Permissions => format!("{:#o}", value as u32),
        Kind::OpenMode => {
            let access = ["OREAD", "OWRITE", "ORDWR", "OEXEC"][(value & 3) as usize];
            let more = flags(
                value as u32 & !3,
                &[
                    (open::TRUNC, "OTRUNC"),
                    (open::CEXEC, "OCEXEC"),
                    (open::RCLOSE, "ORCLOSE"),
                    (open::EXCL, "OEXCL"),
                ],
            );
            if more == "0" { access.to_string() } else { format!("{access}|{more}") }
        }
        Kind::ForkFlags => named(&[
            (rfork::PROC, "RFPROC"),
            (rfork::MEM, "RFMEM"),
            (rfork::NOWAIT, "RFNOWAIT"),
            (rfork::FDG, "RFFDG"),
            (rfork::CFDG, "RFCFDG"),
            (rfork::NAMEG, "RFNAMEG"),
            (rfork::CNAMEG, "RFCNAMEG"),
            (rfork::ENVG, "RFENVG"),
            (rfork::CENVG, "RFCENVG"),
            (rfork::NOTEG, "RFNOTEG"),
            (rfork::REND, "RFREND"),
            (rfork::NOMNT, "RFNOMNT"),
        ]),
        Kind::BindFlags => {
            let order = ["MREPL", "MBEFORE", "MAFTER", "MORDER"][(value & 3) as usize];
            let more =
                flags(value as u32 & !3, &[(bind::CREATE, "MCREATE"), (bind::CACHE, "MCACHE")]);
            if more == "0" { order.to_string() } else { format!("{order}|{more}") }
        }
        Kind::NotedHow => match value as u32 {
            noted::CONT => "NCONT".into(),
            noted::DFLT => "NDFLT".into(),
            noted::SAVE => "NSAVE".into(),
            noted::RSTR => "NRSTR".into(),
            other => other.to_string(),
        },
    }
}

/// Names of bits joined by `|`, what has no name in hexadecimal.
fn flags(mut value: u32, names: &[(u32, &str)]) -> String {
    let mut parts = Vec::new();
    for &(bit, name) in names {
        if value & bit != 0 {
            value &= !bit;
            parts.push(name.to_string());
        }
    }
    if value != 0 {
        parts.push(format!("{value:#x}"));
    }
    if parts.is_empty() { "0".into() } else { parts.join("|") }
}

fn text(k: &Kernel, pid: Pid, at: u64) -> String {
    if at == 0 {
        return "nil".into();
    }
    let mut found = Vec::new();
    let mut byte = [0];
    loop {
        if found.len() == LONGEST || !k.peek(pid, at.wrapping_add(found.len() as u64), &mut byte) {
            // Not a string, or a very long one.
            return if found.is_empty() { format!("{at:#x}") } else { shown(&found) + "..." };
        }
        if byte[0] == 0 {
            return shown(&found);
        }
        found.push(byte[0]);
    }
}

fn bytes(k: &Kernel, pid: Pid, at: u64, n: usize) -> String {
    let mut start = vec![0; n.min(SHOWN)];
    match k.peek(pid, at, &mut start) {
        false => format!("{at:#x}"),
        true if n > SHOWN => shown(&start) + "...",
        true => shown(&start),
    }
}

fn vector(k: &Kernel, pid: Pid, at: u64) -> String {
    let words = (0..MOST as u64).map_while(|n| k.peek_word(pid, at.wrapping_add(8 * n)));
    let texts: Vec<_> =
        words.take_while(|&word| word != 0).map(|word| text(k, pid, word)).collect();
    format!("[{}]", texts.join(", "))
}

/// In double quotes, what is not printable escaped.
fn shown(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

/// A status or a note as rc would quote it.
pub(crate) fn quoted(text: &[u8]) -> String {
    String::from_utf8_lossy(&quote::quoted(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_named_and_the_rest_is_shown() {
        let names = [(rfork::PROC, "RFPROC"), (rfork::MEM, "RFMEM")];
        assert_eq!(flags(rfork::MEM | rfork::PROC, &names), "RFPROC|RFMEM");
        assert_eq!(flags(rfork::MEM | 1 << 20, &names), "RFMEM|0x100000");
        assert_eq!(flags(0, &names), "0");
    }

    #[test]
    fn bytes_are_shown_as_rust_writes_them() {
        assert_eq!(shown(b"a \"b\"\n\xff"), r#""a \"b\"\n\xff""#);
    }
}
