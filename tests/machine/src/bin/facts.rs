//! What expected texts depend on of the machine that this runs on, a line `NAME VALUE` for each fact.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

/// A name of `tests/conformance/golden/csdns.ndb`, and its address: no other machine knows it.
const GOLDEN_NAME: (&str, &str) = ("www.rig.test:80", "10.9.8.7:80");

fn main() -> io::Result<()> {
    let whole = |name: &str| fs::read_to_string(name).unwrap_or_default().trim().to_owned();
    println!("sysname {}", whole("/dev/sysname"));
    println!("osversion {}", whole("/dev/osversion"));
    println!("cputype {}", std::env::var("cputype").unwrap_or_default());
    println!("processors {}", whole("/dev/sysstat").lines().count());
    println!("splices {}", splices()?);
    println!("gateway {}", has_gateway()?);
    println!("names {}", knows_golden_names());
    Ok(())
}

/// Whether TCP inside the machine is spliced: then a hangup does not reach the other end.
fn splices() -> io::Result<bool> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    let file = |stream: &TcpStream, name: &str| -> io::Result<String> {
        let descriptor = fs::read_to_string(format!("/fd/{}ctl", stream.as_raw_fd()))?;
        let data = descriptor.split_whitespace().last().unwrap_or_default();
        Ok(data.trim_end_matches("data").to_owned() + name)
    };
    File::options().write(true).open(file(&near, "ctl")?)?.write_all(b"hangup")?;
    thread::sleep(Duration::from_millis(200));
    Ok(fs::read_to_string(file(&far, "status")?)?.starts_with("Established"))
}

/// Whether there is a route to every IPv4 address. The file is whole in one read only.
fn has_gateway() -> io::Result<bool> {
    let mut text = vec![0; 1 << 16];
    let n = File::open("/net/iproute")?.read(&mut text)?;
    let routes = String::from_utf8_lossy(&text[..n]).into_owned();
    Ok(routes.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], ["0.0.0.0", "/96", gateway, ..] if gateway != "0.0.0.0")
    }))
}

fn knows_golden_names() -> bool {
    let (name, address) = GOLDEN_NAME;
    name.to_socket_addrs().is_ok_and(|mut all| all.any(|found| found.to_string() == address))
}
