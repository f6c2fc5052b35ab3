//! The project's own chores, one command each: `cargo run -p xtask -- <command>`. A command is a module and an arm below.
//!
//! The tools that the build runs (`wbg`, `wbg-test-runner`, `wasm-pack`) are binaries beside this one, in `bin/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(unknown) => eprintln!("xtask: there is no command {unknown:?}, nor any other yet"),
        None => eprintln!("usage: cargo run -p xtask -- <command>"),
    }
    ExitCode::FAILURE
}
