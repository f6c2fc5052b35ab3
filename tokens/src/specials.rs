//! Special tokens, as tiktoken names them (`tiktoken_ext/openai_public.py`). In a text they are text, unless the caller says otherwise.

use crate::encodings::Encoding;
use crate::vocabulary::Id;

const O200K: &[(&str, Id)] = &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)];
const HARMONY: &[(&str, Id)] = &[
    ("<|startoftext|>", 199_998),
    ("<|endoftext|>", 199_999),
    ("<|return|>", 200_002),
    ("<|constrain|>", 200_003),
    ("<|channel|>", 200_005),
    ("<|start|>", 200_006),
    ("<|end|>", 200_007),
    ("<|message|>", 200_008),
    ("<|call|>", 200_012),
    ("<|endofprompt|>", 200_018),
];
const CL100K: &[(&str, Id)] = &[
    ("<|endoftext|>", 100_257),
    ("<|fim_prefix|>", 100_258),
    ("<|fim_middle|>", 100_259),
    ("<|fim_suffix|>", 100_260),
    ("<|endofprompt|>", 100_276),
];
const P50K: &[(&str, Id)] = &[("<|endoftext|>", 50_256)];
const RESERVED: &str = "<|reserved_";

fn table(encoding: Encoding) -> &'static [(&'static str, Id)] {
    match encoding {
        Encoding::O200kBase => O200K,
        Encoding::O200kHarmony => HARMONY,
        Encoding::Cl100kBase => CL100K,
        Encoding::P50kBase => P50K,
    }
}

/// Harmony's further ones are named by their number, `<|reserved_200013|>`.
fn is_reserved(encoding: Encoding, id: Id) -> bool {
    let named = HARMONY.iter().any(|&(name, own)| own == id && name != "<|endofprompt|>");
    encoding == Encoding::O200kHarmony && (200_000..=201_087).contains(&id) && !named
}

/// The name of a special token.
pub fn name(encoding: Encoding, id: Id) -> Option<String> {
    if is_reserved(encoding, id) {
        return Some(format!("{RESERVED}{id}|>"));
    }
    table(encoding).iter().find(|(_, own)| *own == id).map(|(name, _)| (*name).to_owned())
}

/// The special token of this name.
pub fn id(encoding: Encoding, name: &str) -> Option<Id> {
    let listed = table(encoding).iter().find(|(own, _)| *own == name).map(|(_, id)| *id);
    listed.or_else(|| {
        let digits = name.strip_prefix(RESERVED)?.strip_suffix("|>")?;
        let id = digits.parse().ok().filter(|id| is_reserved(encoding, *id))?;
        (digits.len() == 6).then_some(id)
    })
}

/// The first special token in a text that is allowed: how many bytes are before it, how many it has, and which it is.
pub fn next(encoding: Encoding, text: &[u8], allowed: &impl Fn(&str) -> bool) -> Option<(usize, usize, Id)> {
    let starts = text.windows(2).enumerate().filter(|(_, two)| *two == b"<|").map(|(at, _)| at);
    for at in starts {
        // No name is longer than this, and none has the signs of its start or end inside.
        let name = text[at..].get(2..)?.iter().take(24).position(|&byte| byte == b'>').map(|length| &text[at..at + length + 3]);
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        if let Some(name) = name
            && let Some(id) = id(encoding, name)
            && allowed(name)
        {
            return Some((at, name.len(), id));
        }
    }
    None
}
