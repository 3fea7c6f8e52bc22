//! The note group of a run, to be ended whole.
//!
//! The program's pid is its group's number, as it began the group (`port/proc.c:pidalloc`), and stays so when the program
//! is gone and children of its are left. Those are found by the number in their files (man 3/proc). What has begun a
//! group of its own since is not found: that is the way to outlive a run.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::plan9::note;
use std::thread;
use std::time::{Duration, Instant};

/// How long procs have to end themselves by the note, as programs of several procs do.
const GRACE: Duration = Duration::from_millis(250);
/// How long it is tried to end them by force.
const FORCE: Duration = Duration::from_secs(5);
/// Between two looks, at first.
const LOOK: Duration = Duration::from_millis(2);

/// The number of a note group.
#[derive(Clone, Copy)]
pub struct Group(u32);

impl Group {
    /// Of the proc that began it.
    pub fn of(pid: u32) -> Group {
        Group(pid)
    }

    /// Posts a note to all of it.
    pub fn post(self, text: &[u8]) {
        if let Some(&member) = self.members().first() {
            let _ = note::post_group(member, text);
        }
    }

    /// Ends all of it; true if that is so.
    pub fn end(self) -> bool {
        let start = Instant::now();
        let mut pause = LOOK;
        let mut posted = false;
        loop {
            let members = self.members();
            let Some(&member) = members.first() else { return true };
            if !posted {
                posted = true;
                let _ = note::post_group(member, b"kill");
            } else if start.elapsed() > GRACE + FORCE {
                return false;
            } else if start.elapsed() > GRACE {
                members.into_iter().for_each(force);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn members(self) -> Vec<u32> {
        let Ok(procs) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = procs.filter_map(|proc| proc.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|&pid| group_of(pid) == Some(self.0)).collect()
    }
}

/// The group that a proc is in; `None` if it is gone, or another user's.
fn group_of(pid: u32) -> Option<u32> {
    let mut text = [0; 32];
    let mut file = File::open(format!("/proc/{pid}/noteid")).ok()?;
    let n = file.read(&mut text).ok()?;
    str::from_utf8(&text[..n]).ok()?.trim().parse().ok()
}

/// The kernel's kill, and behind it what wakes a proc whose notes are full, for kill does not
/// (`port/proc.c:killproc`).
fn force(pid: u32) {
    if let Ok(mut ctl) = OpenOptions::new().write(true).open(format!("/proc/{pid}/ctl")) {
        let _ = ctl.write_all(b"kill").and_then(|()| ctl.write_all(b"interrupt"));
    }
}
