//! Writes the table of `src/classes.rs`: runs of code points of one class, as (length << 3 | class) in base-128 numbers.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, HirKind};
use std::error::Error;
use std::path::PathBuf;

/// In the order of `Class` in src/classes.rs, which starts with what none of them is.
const PATTERNS: [&str; 6] = [r"[\p{Lu}\p{Lt}]", r"\p{Ll}", r"[\p{Lm}\p{Lo}]", r"\p{M}", r"\p{N}", r"[\s--[\r\n]]"];
/// Beyond this there are marks and nothing else that has a class: see `classes::of`.
const END: usize = 0x3_2400;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let mut classes = vec![0_u8; 0x11_0000];
    for (pattern, class) in PATTERNS.iter().zip(1..) {
        let HirKind::Class(Class::Unicode(ranges)) = ParserBuilder::new().build().parse(pattern)?.into_kind() else {
            return Err("not a class".into());
        };
        for range in ranges.ranges() {
            classes[range.start() as usize..=range.end() as usize].fill(class);
        }
    }
    classes['\r' as usize] = 7;
    classes['\n' as usize] = 7;
    let beyond =
        (END..0x11_0000).filter(|&code| (classes[code] == 4) != (0xE_0100..=0xE_01EF).contains(&code) || !matches!(classes[code], 0 | 4));
    if beyond.count() > 0 {
        return Err("Unicode has grown: classes::of must know more".into());
    }
    let mut packed = Vec::new();
    for run in classes[..END].chunk_by(|a, b| a == b) {
        let mut number = run.len() << 3 | usize::from(run[0]);
        while number >= 0x80 {
            packed.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        packed.push(number as u8);
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    Ok(std::fs::write(out.join("classes.bin"), packed)?)
}
