//! Texts that splitters get wrong.

/// xorshift64*: the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 33) % end.max(1) as u64) as usize
    }
}

/// What the patterns treat differently, and words of many scripts.
const PARTS: &[&str] = &[
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{3000}",
    "\u{200b}",
    "\u{b}",
    "\u{c}",
    "\u{1680}",
    "\u{feff}",
    "'s",
    "'S",
    "'ſ",
    "'t",
    "'re",
    "'RE",
    "'vE",
    "'ll",
    "'lL",
    "'d",
    "'M",
    "'x",
    "'",
    "’s",
    "''",
    "'l",
    "'r",
    "'ſt",
    "a",
    "B",
    "the",
    "The",
    "THE",
    "McDonald",
    "iPhone",
    "HTTPServer",
    "ß",
    "ſ",
    "ǅ",
    "ʰ",
    "ª",
    "É",
    "é",
    "e\u{301}",
    "\u{301}",
    "\u{20dd}",
    "ก",
    "น้ำ",
    "ไทย",
    "我们",
    "今天",
    "の",
    "カタカナ",
    "ー",
    "한국어",
    "العربية",
    "עברית",
    "हिन्दी",
    "Ελλάδα",
    "Привет",
    "ДА",
    "ꙮ",
    "𝒜",
    "𐐀",
    "𐐨",
    "Ⅷ",
    "½",
    "²",
    "٣",
    "१",
    "𝟙",
    "0",
    "12",
    "345",
    "6789",
    "1,000.50",
    "3.14",
    "!",
    "...",
    "/",
    "//",
    "\n/",
    "/\n",
    "?!",
    "--",
    "==",
    "#",
    "$",
    "€",
    "🙂",
    "👩‍👩‍👧",
    "🇩🇪",
    "❤️",
    "\u{fe0f}",
    "\u{e0100}",
    "\u{0}",
    "\u{7f}",
    "\u{fffd}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{378}",
    "<|endoftext|>",
    "<|im_start|>",
    "{\"a\": 1}",
    "fn main() {}",
    "https://x.y/z?q=1",
];

/// A short text of parts, of characters from anywhere, and of both.
pub fn hard_text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..1 + random.below(12) {
        match random.below(8) {
            0 => text.extend(char::from_u32(random.below(0x11_0000) as u32)),
            1 => text.extend(char::from_u32(random.below(0x3000) as u32)),
            2 => text.extend(char::from_u32(random.below(0x250) as u32)),
            3 => {
                let part = PARTS[random.below(PARTS.len())];
                text += &part.repeat(1 + random.below(6));
            }
            _ => text += PARTS[random.below(PARTS.len())],
        }
    }
    text
}

/// This project's own sources and documents: code and prose.
pub fn natural_texts() -> impl Iterator<Item = &'static str> {
    [
        include_str!("../../src/vocabulary.rs"),
        include_str!("../../../src/models.json"),
        include_str!("../../../README.md"),
        include_str!("../../../CHANGELOG.md"),
        include_str!("../../../LICENSE-APACHE"),
        include_str!("../../../js/client.ts"),
        include_str!("../../../tests/it/costs.rs"),
    ]
    .into_iter()
}
