//! The project's own chores, one command each: `cargo run -p xtask -- <command>`. A command is a module and an arm below.
//!
//! The tools that the build runs (`wbg`, `wbg-test-runner`, `wasm-pack`) are binaries beside this one, in `bin/`.

mod catalogue;
#[cfg(feature = "vocabularies")]
mod vocabularies;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, rest)) if command == "catalogue" => catalogue::run(rest),
        #[cfg(feature = "vocabularies")]
        Some((command, rest)) if command == "vocabularies" => vocabularies::run(rest),
        Some((unknown, _)) => Err(format!("xtask: there is no command {unknown:?}")),
        None => Err(
            "usage: cargo run -p xtask -- catalogue <litellm.json> [genai.json], or with --features vocabularies: vocabularies <folder>"
                .to_owned(),
        ),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
