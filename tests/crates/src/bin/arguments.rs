//! clap on Plan 9: arguments, and the text and status of a mistake.

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cat")]
struct Args {
    /// Number the lines
    #[arg(short, long)]
    number: bool,
    files: Vec<String>,
}

fn main() {
    println!("{:?}", Args::parse_from(["cat", "-n", "a", "b c"]));
    let mistake = Args::try_parse_from(["cat", "--nmber"]).expect_err("there is no such option");
    println!("{}", mistake.kind());
    println!("{}", mistake.exit_code());
    println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>());
}
