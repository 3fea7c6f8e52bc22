//! Scripts that name their interpreter, arguments that are not text, and times before 1970.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::plan9::ffi::OsStrExt;
use std::os::plan9::fs::{OpenOptionsExt, PermissionsExt};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == "child") {
        for word in &words[1..] {
            let name =
                std::path::Path::new(word).file_name().filter(|_| word.as_bytes()[0] == b'/');
            println!("{:?}", name.unwrap_or(word).as_bytes().escape_ascii().to_string());
        }
        return;
    }
    let script = std::env::temp_dir().join(format!("script.{}", std::process::id()));
    let exe = std::env::current_exe().unwrap();
    let mut file = File::options().write(true).create_new(true).mode(0o777).open(&script).unwrap();
    writeln!(file, "#!{} child 'two words'", exe.display()).unwrap();
    drop(file);
    let odd = OsStr::from_bytes(b"\xff\x80 a");
    let output = Command::new(&script).arg(odd).arg("").arg("last").output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).replace(&format!(".{}", std::process::id()), "");
    print!("{} {said}", output.status);

    // A file without the right to be executed, then one whose interpreter is not there.
    fs::remove_file(&script).unwrap();
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    println!("{:?}", Command::new(&script).spawn().unwrap_err().kind());
    fs::set_permissions(&script, PermissionsExt::from_mode(0o777)).unwrap();
    println!("{:?}", Command::new(&script).spawn().unwrap_err().kind());
    fs::remove_file(&script).unwrap();

    let before = UNIX_EPOCH - Duration::from_secs(86_400 * 365);
    println!("{:?}", UNIX_EPOCH.duration_since(before).unwrap());
    println!("{:?}", before.duration_since(UNIX_EPOCH).unwrap_err().duration());
    let later = before + Duration::from_nanos(1);
    println!("{} {:?}", before < SystemTime::now(), later.duration_since(before).unwrap());
    println!("{:?}", (UNIX_EPOCH - Duration::from_nanos(1)).duration_since(later).unwrap());
    println!("{}", UNIX_EPOCH.checked_sub(Duration::MAX).is_none());
}
