//! What `env` does where there is one: each variable as NAME=VALUE. Tests of std's run it; on Plan 9 variables are the
//! files of `/env`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, value) in std::env::vars_os() {
        out.write_all(name.as_encoded_bytes())?;
        out.write_all(b"=")?;
        out.write_all(value.as_encoded_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
