//! A partner for tests of std's that run `/bin/sh -c`, which Plan 9 has from its APE alone: the commands that they give it,
//! with the words `;` and `$NAME` understood. Anything else ends it with a status of its own.

use std::collections::HashMap;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [flag, script] = &args[..] else { return wrong("write sh -c SCRIPT") };
    if flag != "-c" {
        return wrong("write sh -c SCRIPT");
    }
    let mut variables = HashMap::new();
    let mut status = ExitCode::SUCCESS;
    for command in script.split(';') {
        status = run(command, &mut variables);
    }
    status
}

fn run(command: &str, variables: &mut HashMap<String, String>) -> ExitCode {
    let value = |word: &str| match word.strip_prefix('$') {
        Some(name) => variables.get(name).cloned().unwrap_or_default(),
        None => word.to_string(),
    };
    let words: Vec<String> = command.split_whitespace().map(value).collect();
    match &words[..] {
        [name] if name == "true" => ExitCode::SUCCESS,
        [name] if name == "false" => ExitCode::FAILURE,
        [name] if name == "pwd" => {
            println!("{}", std::env::current_dir().expect("a directory").display());
            ExitCode::SUCCESS
        }
        [name, rest @ ..] if name == "echo" => {
            println!("{}", rest.join(" "));
            ExitCode::SUCCESS
        }
        [name, variable] if name == "read" => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).expect("standard input");
            variables.insert(variable.clone(), line.trim_end_matches('\n').to_string());
            ExitCode::SUCCESS
        }
        _ => wrong(&format!("no command {command:?}")),
    }
}

fn wrong(why: &str) -> ExitCode {
    eprintln!("sh: {why}");
    ExitCode::from(127)
}
