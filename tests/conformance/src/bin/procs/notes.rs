//! Notes: to oneself, to a child, to a group.

use conformance::family::{
    child, ctl, fork, heard, me, notify, over, post, result, spawn, tell as told,
};
use conformance::text::Long;
use conformance::{handler, raw, say};
use plan9_abi::flags::{noted, open, rfork};
use plan9_abi::sys::{file, process};
use plan9_abi::sysno;

handler!(tell, |_, note| {
    told(note);
    noted::CONT
});
handler!(tell_and_die, |_, note| {
    told(note);
    noted::DFLT
});
handler!(odd, |_, _| 77);
handler!(faulting, |_, _| {
    // SAFETY: the fault is what is asked for; no reference is made.
    unsafe { core::arch::asm!("mov {0:e}, [{0}]", inout(reg) 0usize => _) };
    noted::CONT
});

/// A handler that returns instead of calling `noted`.
#[unsafe(naked)]
unsafe extern "C" fn returning() {
    core::arch::naked_asm!("ret")
}

fn posted() {
    post(b"hello there");
    let _ = process::sleep(0);
}

/// Until a note comes.
fn stay(status: &core::ffi::CStr) {
    let _ = process::sleep(5000);
    process::exits(Some(status))
}

pub fn run() {
    child("exits with a bad pointer", || _ = raw(sysno::EXITS, [8, 0, 0, 0, 0]));
    child("note, no handler", posted);
    child("note 'sys: forged' from the process itself, no handler", || {
        post(b"sys: forged");
        let _ = process::sleep(0);
    });
    let with = |what, handler: fn()| child(what, handler);
    with("note, handler, NCONT", || {
        notify(Some(tell));
        posted();
    });
    with("note, handler, NDFLT", || {
        notify(Some(tell_and_die));
        posted();
    });
    with("note, handler, noted(77)", || {
        notify(Some(odd));
        posted();
    });
    with("note, handler that returns", || {
        notify(Some(returning));
        posted();
    });
    with("note, fault in the handler", || {
        notify(Some(faulting));
        posted();
    });
    child("noted outside a handler", || _ = raw(sysno::NOTED, [0; 5]));
    child("alarm, no handler", || {
        let _ = process::alarm(100);
        let _ = process::sleep(5000);
    });
    child("kill in ctl", || {
        ctl(me(), "ctl", b"kill");
        let _ = process::sleep(5000);
    });
    group();
}

fn group() {
    notify(Some(tell));
    // In our group.
    fork(|| {
        notify(None);
        stay(c"a");
    });
    // With its child, in another.
    let b = spawn(rfork::NOTEG, || {
        notify(Some(tell_and_die));
        fork(|| stay(c"c"));
        stay(c"b");
    });
    let _ = process::sleep(300);
    result("write to our notepg", ctl(me(), "notepg", b"group"));
    let _ = process::sleep(0);
    say!("the writer's handler got '{}'", heard());
    over(format_args!("a child in our group"));
    result("write to the notepg of a process in another group", ctl(b, "notepg", b" group2"));
    let _ = process::sleep(200);
    over(format_args!("that process, which has a child in its group; both handlers tell"));
    let left = fork(|| {
        notify(None);
        // SAFETY: no new proc.
        let _ = unsafe { process::rfork(rfork::NOTEG) };
        stay(c"d");
    });
    let _ = process::sleep(300);
    let name = Long::new(format_args!("/proc/{}/noteid", me()));
    let mut text = [0; 63];
    let fd = file::open(name.as_c_str(), open::READ).unwrap_or(-1);
    let n = file::read(fd, &mut text).map_or(-1, |n| n as i64);
    result("read of noteid", n);
    let _ = file::close(fd);
    let written = ctl(left, "noteid", &text[..n.max(0) as usize]);
    result("our noteid written to that of a child that has left", if written > 0 { 0 } else { -1 });
    ctl(me(), "notepg", b"group");
    over(format_args!("our group's note then reaches it"));
    notify(None);
}
