//! Name spaces: what is bound is seen by every thread; a thread that leaves the group binds for itself and for those that
//! it starts; unions, and what is created in them; what cannot be mounted.

use std::fs::{self, File};
use std::io::Result;
use std::os::plan9::errstr;
use std::os::plan9::namespace::{self, Groups, Mount, Union};
use std::thread;

/// The names in a directory.
fn names(directory: &str) -> String {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.join(" ")
}

/// How a call failed, in the kernel's words, with the folder's name left out.
fn refused<T>(result: Result<T>, folder: &str) -> String {
    assert!(result.is_err());
    errstr::last().replace(folder, "")
}

fn main() -> Result<()> {
    let folder = format!("/tmp/namespace.{}", std::process::id());
    for name in ["", "/a", "/b", "/m"] {
        fs::create_dir(format!("{folder}{name}"))?;
    }
    for name in ["/a/one", "/b/two", "/m/hidden"] {
        fs::write(format!("{folder}{name}"), name)?;
    }
    let [a, b, m] = ["a", "b", "m"].map(|name| format!("{folder}/{name}"));

    // Whoever started the program is not to see it.
    namespace::leave(Groups::NAME_SPACE)?;
    namespace::bind(&a, &m, Union::Replace, false)?;
    println!("replaced: {}", names(&m));
    println!("another thread: {}", thread::scope(|s| s.spawn(|| names(&m)).join().unwrap()));
    namespace::bind(&b, &m, Union::Before, false)?;
    println!("union: {}", names(&m));
    println!("no room: {}", refused(File::create(format!("{m}/new")), &folder));
    namespace::unmount(Some(&b), &m)?;
    namespace::bind(&b, &m, Union::After, true)?;
    fs::write(format!("{m}/new"), "")?;
    println!("created: {} | {}", names(&a), names(&b));

    // A thread with a name space of its own, and one that it starts.
    let (before, nested) = thread::scope(|scope| {
        let own = scope.spawn(|| {
            let before = names(&m);
            namespace::leave(Groups::NAME_SPACE | Groups::ENVIRONMENT).unwrap();
            namespace::unmount(None::<&str>, &m).unwrap();
            (before, thread::scope(|scope| scope.spawn(|| names(&m)).join().unwrap()))
        });
        own.join().unwrap()
    });
    println!("its own: {before} | {nested} | {}", names(&m));

    println!("again: {}", refused(namespace::unmount(Some(&m), &b), &folder));
    println!(
        "a file on a directory: {}",
        refused(namespace::bind(format!("{a}/one"), &m, Union::Replace, false), &folder)
    );
    let missing = namespace::bind(format!("{a}/x"), &m, Union::Replace, false);
    println!("not there: {:?}", missing.unwrap_err().kind());
    println!(
        "both: {}",
        refused(namespace::leave(Groups::NAME_SPACE | Groups::TO_EMPTY_NAME_SPACE), &folder)
    );

    // A relative name, and a device.
    std::env::set_current_dir(&folder)?;
    namespace::unmount(None::<&str>, "m")?;
    namespace::bind("#e", "m", Union::Replace, false)?;
    // SAFETY: no other thread runs.
    unsafe { std::env::set_var("seen", "yes") };
    println!("a device: {}", fs::read_to_string("m/seen")?.trim_end_matches('\0'));
    namespace::unmount(None::<&str>, "m")?;
    println!("as it was: {}", names("m"));

    // A file server is what can be read and written.
    println!("not one: {}", refused(Mount::new(File::open("/dev/null")?).on("m"), &folder));
    thread::scope(|scope| {
        scope.spawn(|| {
            namespace::leave(Groups::NAME_SPACE | Groups::WITHOUT_DEVICES).unwrap();
            println!(
                "no devices: {}",
                refused(namespace::bind("#/", "m", Union::Replace, false), &folder)
            );
            let server = File::options().read(true).write(true).open("/dev/null").unwrap();
            println!("no mounts: {}", refused(Mount::new(server).on("m"), &folder));
        });
    });
    fs::remove_dir_all(&folder)
}
