//! A child's environment is its own: what either changes, the other does not see, and `env_clear` leaves nothing, also
//! where another tree is bound in `/env`. (golang/go#25234)

use std::env;
use std::os::plan9::namespace::{self, Union};
use std::process::Command;
use std::{fs, thread};

const ONE: &str = "rust-child-one";
const PARENT: &str = "rust-child-parent";
const LEAK: &str = "rust-child-leak";

fn main() {
    // SAFETY: no thread looks at the environment otherwise than through std.
    let set = |name, value| unsafe { env::set_var(name, value) };
    match env::args().nth(1).as_deref() {
        Some("set") => {
            set(LEAK, "from the child");
            // SAFETY: as above.
            return unsafe { env::remove_var(PARENT) };
        }
        Some("show") => {
            let [one, parent] = [ONE, PARENT].map(|name| env::var(name).ok());
            return print!("{one:?} {parent:?} {}", env::vars_os().count());
        }
        _ => {}
    }
    let folder = env::temp_dir().join(format!("environment_children.{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("rust-bound"), "x").unwrap();
    namespace::bind(&folder, "/env", Union::After, false).unwrap();
    set(PARENT, "p");
    println!("{}", show(program().env(ONE, "1")).starts_with("Some(\"1\") Some(\"p\")"));
    println!("{}", show(program().env_remove(PARENT)).starts_with("None None"));
    println!("cleared: {}", show(program().env_clear()));
    println!("cleared, with one: {}", show(program().env_clear().env(ONE, "1")));
    println!("bound here still: {:?}", env::var("rust-bound"));
    let both: Vec<_> = ["a", "b"]
        .map(|value| thread::spawn(move || show(program().env(ONE, value))))
        .map(|child| child.join().unwrap().starts_with("Some(\"a\")"))
        .into();
    println!("{both:?}");
    println!("{}", program().arg("set").status().unwrap().success());
    println!("{:?} {:?} {:?}", env::var(ONE).ok(), env::var(PARENT).ok(), env::var(LEAK).ok());
    namespace::unmount(Some(folder.as_path()), "/env").unwrap();
    fs::remove_dir_all(folder).unwrap();
}

fn program() -> Command {
    Command::new(env::current_exe().unwrap())
}

fn show(command: &mut Command) -> String {
    let output = command.arg("show").output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
