//! `wasm-pack`, as a binary of ours: without its question to the network whether a newer version exists.

use clap::Parser;

fn main() {
    if let Err(error) = wasm_pack::command::run_wasm_pack(wasm_pack::Cli::parse().cmd) {
        eprintln!("Error: {error:?}");
        std::process::exit(1);
    }
}
