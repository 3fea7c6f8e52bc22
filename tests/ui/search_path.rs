//! Where a program is looked for: the search goes on behind an entry that cannot be used, and says what stood in the way
//! only if nothing was found.

use std::env;
use std::fs;
use std::process::Command;

const NAME: &str = "search-path-child";

fn main() {
    if env::args().nth(1).as_deref() == Some("child") {
        return print!("found");
    }
    let folder = env::temp_dir().join(format!("search_path.{}", std::process::id()));
    let file = folder.join("file");
    let [missing, named, bin] = ["missing", "named", "bin"].map(|name| folder.join(name));
    // A directory of the program's name is none.
    fs::create_dir_all(named.join(NAME)).unwrap();
    fs::create_dir_all(&bin).unwrap();
    fs::write(&file, "").unwrap();
    fs::copy(env::current_exe().unwrap(), bin.join(NAME)).unwrap();
    let try_in = |entries: &[&std::path::Path]| {
        let mut command = Command::new(NAME);
        command.arg("child").env("path", env::join_paths(entries).unwrap());
        match command.output() {
            Ok(output) => println!("{}", String::from_utf8(output.stdout).unwrap()),
            Err(why) => println!("{:?}", why.kind()),
        }
    };
    try_in(&[&missing, &file, &named, &bin]);
    try_in(&[&missing, &file]);
    // A refusal says more than a file that is not there.
    try_in(&[&named, &missing]);
    try_in(&[]);
    fs::remove_dir_all(folder).unwrap();
}
