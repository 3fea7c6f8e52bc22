//! The conversation's files: shifts in `status`, addresses, `qout`, three empty reads, what `close` and `hangup` deliver.
//!
//! Arguments: ports of a peer with a small unscaled window that sends five bytes and its end, and of two that read all
//! and tell how it ended.

use interop::{HOST, argument};
use plan9_abi::flags::open;
use plan9_abi::sys::file;
use std::ffi::CString;
use std::thread::sleep;
use std::time::Duration;

struct Conversation {
    number: u64,
    ctl: i32,
    data: i32,
}

fn opened(name: &str) -> i32 {
    file::open(&CString::new(name).unwrap(), open::RDWR).unwrap_or_else(|_| panic!("{name}"))
}

impl Conversation {
    fn call(port: u64) -> Conversation {
        let ctl = opened("/net/tcp/clone");
        let mut digits = [0; 16];
        let n = file::pread(ctl, &mut digits, 0).unwrap();
        let number: u64 = str::from_utf8(&digits[..n]).unwrap().trim().parse().unwrap();
        file::write(ctl, format!("connect {HOST}!{port}").as_bytes()).unwrap();
        Conversation { number, ctl, data: opened(&format!("/net/tcp/{number}/data")) }
    }

    fn file(&self, name: &str) -> String {
        let name = CString::new(format!("/net/tcp/{}/{name}", self.number)).unwrap();
        let fd = file::open(&name, open::READ).unwrap();
        let mut bytes = [0; 512];
        let n = file::read(fd, &mut bytes).unwrap();
        file::close(fd).unwrap();
        str::from_utf8(&bytes[..n]).unwrap().trim().to_string()
    }

    fn status(&self, key: &str) -> String {
        let line = self.file("status");
        let mut words = line.split(' ').skip_while(|&word| word != key);
        words.nth(1).unwrap_or_else(|| panic!("no {key} in {line}")).to_string()
    }

    fn state(&self) -> String {
        self.file("status").split(' ').next().unwrap_or("").to_string()
    }

    fn tell(&self, message: &[u8]) {
        file::write(self.ctl, message).unwrap();
    }

    fn read(&self) -> Option<usize> {
        file::read(self.data, &mut [0; 16]).ok()
    }

    fn close(self) {
        file::close(self.data).unwrap();
        file::close(self.ctl).unwrap();
    }
}

fn main() {
    let small = Conversation::call(argument(1));
    let local = small.file("local");
    assert!(local.starts_with("10.0.2.15!"), "{local}");
    println!("remote {}", small.file("remote").split('!').next().unwrap());
    println!("peer's window {}", small.status("swin"));
    small.tell(b"keepalive 5000");
    file::write(small.data, &[7; 60_000]).unwrap();
    let qout: u64 = small.status("qout").parse().unwrap();
    println!("unread by the peer, some of it unacknowledged: {}", (1..60_000).contains(&qout));
    sleep(Duration::from_millis(400));
    println!("{} qin {}", small.state(), small.status("qin"));
    let reads: Vec<_> = (0..5).map(|_| small.read()).collect();
    println!("reads {reads:?}");
    small.tell(b"hangup");
    println!(
        "after hangup: {}, write fails: {}",
        small.state(),
        file::write(small.data, b"x").is_err()
    );
    small.close();

    // More than the host's buffers hold, and nobody reads yet.
    let closed = Conversation::call(argument(2));
    println!("scaled {}", closed.status("swin").split(">>").nth(1) != Some("0"));
    for _ in 0..64 {
        file::write(closed.data, &[7; 60_000]).unwrap();
    }
    closed.tell(b"close");
    println!("after close: {} qin {}", closed.state(), closed.status("qin"));
    println!("reads {:?}, write fails: {}", closed.read(), file::write(closed.data, b"x").is_err());

    let hung_up = Conversation::call(argument(3));
    for _ in 0..64 {
        file::write(hung_up.data, &[7; 60_000]).unwrap();
    }
    hung_up.tell(b"hangup");
    println!("after hangup: {}", hung_up.state());
    closed.close();
    hung_up.close();
}
