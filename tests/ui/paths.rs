//! Paths: what is absolute, and names that begin with `#` but are files.

use std::fs;
use std::path::{Path, absolute};

fn main() {
    for path in ["/", "/net", "#c/", "#I0/tcp/clone", "a", "", ".", "./#c/x", "#", "#auto#"] {
        println!("{path:?}: {}", Path::new(path).is_absolute());
    }
    let here = Path::new("/usr/glenda");
    for path in ["lib", "/lib", "#c/cons", "#auto#", "../lib"] {
        println!("{}", here.join(path).display());
    }
    assert_eq!(absolute("#c/cons").unwrap(), Path::new("#c/cons"));
    assert!(absolute("#auto#").unwrap().ends_with("#auto#"));

    let folder = Path::new("/tmp").join(format!("paths.{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("#auto#"), "saved").unwrap();
    let entry = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    println!("{:?} {}", entry.file_name(), fs::read_to_string(entry.path()).unwrap());
    fs::remove_dir_all(&folder).unwrap();

    // A device needs no name space.
    assert!(!fs::read("#c/sysname").unwrap().is_empty());
    println!("{}", fs::read_dir("#c/").unwrap().any(|entry| entry.unwrap().file_name() == "cons"));
}
