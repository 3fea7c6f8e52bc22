//! Names, through the connection server's file `cs` (man 8/ndb).

use plan9_abi::addr;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::network::Network;
use crate::net::SocketAddr;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::{cvt, cvt_r};
use crate::{io, vec};

/// The addresses of a name.
pub struct LookupHost(vec::IntoIter<SocketAddr>);

impl Iterator for LookupHost {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        self.0.next()
    }
}

/// The longest query that is answered, in bytes.
const MAX_QUERY: usize = 127;

pub fn lookup_host(host: &str, port: u16) -> io::Result<LookupHost> {
    // A `!` or a newline would be another query.
    let query = SmallCStr::new(format_args!("tcp!{host}!{port}"));
    if host.contains(['!', '\n', '\0']) || host.len() + 10 > MAX_QUERY {
        return Err(io::const_error!(io::ErrorKind::InvalidInput, "not the name of a host"));
    }
    let cs = Network::current().file("cs");
    let fd = cvt_r(|| file::open(cs.as_c_str(), open::RDWR | open::CEXEC))?;
    let answers = ask(fd, query.as_bytes());
    let _ = file::close(fd);
    answers.map(|answers| LookupHost(answers.into_iter()))
}

fn ask(fd: i32, query: &[u8]) -> io::Result<Vec<SocketAddr>> {
    let mut found = Vec::new();
    // A note ends a slow query at once; it is asked again.
    cvt_r(|| file::write(fd, query))?;
    // The query moved the offset.
    cvt(file::seek(fd, 0, 0))?;
    let mut line = [0; 256];
    loop {
        match cvt_r(|| file::read(fd, &mut line))? {
            0 => return Ok(found),
            // `/net/tcp/clone ADDR!PORT`
            n => {
                let address = line[..n].split(|&byte| byte == b' ').nth(1);
                found.extend(address.and_then(addr::parse));
            }
        }
    }
}
