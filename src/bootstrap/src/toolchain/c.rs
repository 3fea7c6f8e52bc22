//! The C compiler for crates that bring C of their own (crate `cc`), and the flags that make its objects fit the target.
//!
//! There is no C library and no compiler for Plan 9 that makes ELF. The target's ABI is System V's, so any compiler for
//! x86-64 ELF will do, told what this system does not have: headers of a library, a red zone (the kernel pushes notes
//! right below the stack pointer), and what a loader or start files would set up.

use super::{Machine, output};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What cargo is given for the crate `cc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct C {
    pub compiler: PathBuf,
    pub flags: String,
}

/// For both families. Frame pointers because Plan 9's debuggers walk them; unwind tables so that a panic's backtrace gets
/// through a callback.
const FLAGS: &str = "-ffreestanding -fno-pic -mno-red-zone -fno-stack-protector -fno-omit-frame-pointer \
                     -fasynchronous-unwind-tables";

/// The names to look for, in order: clang makes x86-64 code everywhere, a plain gcc only on such a machine.
fn names(host: &str) -> &'static [&'static str] {
    match host.starts_with("x86_64-") && host.contains("linux") {
        true => &["clang", "gcc", "cc"],
        false => &["clang", "x86_64-elf-gcc", "x86_64-linux-gnu-gcc"],
    }
}

/// The user's compiler, or the first that `find` knows. None is no error: few crates need one.
fn choose(
    named: Option<PathBuf>,
    host: &str,
    find: impl Fn(&str) -> Option<PathBuf>,
) -> Option<PathBuf> {
    named.or_else(|| names(host).iter().find_map(|name| find(name)))
}

/// The flags, given what the compiler says that it is and where its own headers are.
fn flags(version: &str, own_headers: Option<&str>) -> String {
    if version.contains("clang") {
        return format!("--target=x86_64-unknown-none-elf {FLAGS} -nostdlibinc -femulated-tls");
    }
    match own_headers {
        // Flags are split at white space, and such a folder could not be named.
        Some(folder) if !folder.contains(char::is_whitespace) => {
            format!("{FLAGS} -nostdinc -isystem {folder}")
        }
        _ => FLAGS.to_owned(),
    }
}

/// The compiler of this machine; `PLAN9_CC` names another.
pub fn c_compiler(machine: &Machine, host: &str) -> Option<C> {
    let named = std::env::var_os("PLAN9_CC").map(PathBuf::from);
    let compiler = choose(named, host, |name| machine.find(name))?;
    let ask = |arg: &str| output(Command::new(&compiler).arg(arg)).ok();
    let version = ask("--version").unwrap_or_default();
    let headers =
        ask("-print-file-name=include").filter(|folder| Path::new(folder.trim()).is_dir());
    let flags = flags(&version, headers.as_deref().map(str::trim));
    Some(C { compiler, flags })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(named: Option<&str>, host: &str, there: &[&str]) -> Option<String> {
        let find = |name: &str| there.contains(&name).then(|| PathBuf::from(name));
        choose(named.map(PathBuf::from), host, find).map(|path| path.display().to_string())
    }

    #[test]
    fn the_users_compiler_comes_first_and_a_hosts_gcc_only_on_x86_64() {
        let linux = "x86_64-unknown-linux-gnu";
        assert_eq!(chosen(Some("own"), linux, &["clang"]).unwrap(), "own");
        assert_eq!(chosen(None, linux, &["cc", "gcc"]).unwrap(), "gcc");
        assert_eq!(chosen(None, linux, &["gcc", "clang"]).unwrap(), "clang");
        let arm = "aarch64-unknown-linux-gnu";
        assert_eq!(chosen(None, arm, &["cc", "gcc"]), None);
        assert_eq!(chosen(None, arm, &["gcc", "x86_64-elf-gcc"]).unwrap(), "x86_64-elf-gcc");
        assert_eq!(chosen(None, "x86_64-apple-darwin", &["gcc"]), None);
    }

    #[test]
    fn no_header_of_a_library_is_in_reach_and_no_red_zone_is_used() {
        let gcc = flags("gcc (Debian) 14.2.0", Some("/lib/gcc/include"));
        assert!(gcc.ends_with("-nostdinc -isystem /lib/gcc/include"), "{gcc}");
        let clang = flags("Debian clang version 19", None);
        assert!(clang.contains("-nostdlibinc") && clang.starts_with("--target="), "{clang}");
        for flags in [gcc, clang, flags("cc", Some("/a folder"))] {
            assert!(flags.contains("-mno-red-zone") && flags.contains("-ffreestanding"), "{flags}");
            assert!(!flags.contains("a folder"), "{flags}");
        }
    }
}
