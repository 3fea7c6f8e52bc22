//! A thread that is killed in a timed read, whose deadline then passes: nothing is posted to it for ever. Its system
//! calls are counted from outside.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_far, _) = listener.accept().unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        near.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        sender.send(fs::read_to_string("/dev/pid").unwrap()).unwrap();
        let _ = near.read(&mut [0]);
    });
    let pid = receiver.recv().unwrap();
    thread::sleep(Duration::from_millis(100));
    fs::write(format!("/proc/{}/ctl", pid.trim()), "kill").unwrap();
    thread::sleep(Duration::from_millis(2000));
}
