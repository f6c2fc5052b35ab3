//! `cargo run -p xtask --features vocabularies -- vocabularies <folder>`: packs the vocabularies of the tokenizers.
//!
//! They are the files that OpenAI publishes for tiktoken (MIT), as the crate tiktoken-rs (MIT) carries them; their sha256 is
//! tiktoken's own (`tiktoken_ext/openai_public.py`). What comes out is described in `tokens/src/unpack.rs`, gzipped.

use modelwire::json::Json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name, and the sha256 of the published file.
const FILES: [(&str, &str); 3] = [
    ("o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
    ("cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
    ("p50k_base", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"),
];

pub fn run(arguments: &[String]) -> Result<(), String> {
    let [folder] = arguments else { return Err("usage: vocabularies <folder>".to_owned()) };
    std::fs::create_dir_all(folder).map_err(|error| format!("{folder}: {error}"))?;
    let source = tiktoken_rs()?.join("assets");
    for (name, sha256) in FILES {
        let published = source.join(format!("{name}.tiktoken"));
        let text = std::fs::read(&published).map_err(|error| format!("{}: {error}", published.display()))?;
        let found: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        if found != sha256 {
            return Err(format!("{name}: its sha256 is {found}, and tiktoken says {sha256}"));
        }
        let packed = modelwire_tokens::pack::pack(&tokens(&text).ok_or_else(|| format!("{name}: not a list of tokens"))?)?;
        let mut zipped = Vec::new();
        let options = zopfli::Options { iteration_count: std::num::NonZeroU64::new(5).ok_or("5")?, ..Default::default() };
        zopfli::compress(options, zopfli::Format::Gzip, packed.as_slice(), &mut zipped).map_err(|error| error.to_string())?;
        println!("{name}: {} bytes published, {} packed, {} shipped", text.len(), packed.len(), zipped.len());
        let target = Path::new(folder).join(format!("{name}.bin"));
        std::fs::write(&target, zipped).map_err(|error| format!("{}: {error}", target.display()))?;
    }
    Ok(())
}

/// Lines of a token in base64 and its rank.
fn tokens(text: &[u8]) -> Option<Vec<(u32, Vec<u8>)>> {
    let lines = std::str::from_utf8(text).ok()?.lines();
    lines.map(|line| line.split_once(' ').and_then(|(token, rank)| Some((rank.parse().ok()?, modelwire::base64::decode(token)?)))).collect()
}

/// Where cargo keeps the sources of the dev-dependency of `tokens/`; it fetches them when they are missing.
fn tiktoken_rs() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--format-version", "1", "--locked"]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let metadata = Json::parse(&text).map_err(|_| format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)))?;
    let packages = metadata.get("packages").items().iter();
    let found =
        packages.filter(|package| package.get("name").text() == "tiktoken-rs").find_map(|package| package.get("manifest_path").str());
    let manifest = found.ok_or("tiktoken-rs is no dependency")?;
    Ok(Path::new(manifest).with_file_name(""))
}
