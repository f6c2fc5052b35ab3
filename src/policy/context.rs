//! What of a conversation stays when it is longer than the window.
//!
//! Pure: what each message counts is an argument. Turns stay whole: a turn is a user's message and all up to the next one, so a tool's call and
//! its result stay together. System messages are no turns, and stay. Called by [`crate::engine`].

use crate::chat::Message;
use crate::error::Result;
use crate::input::Fields;

/// What a request says about its history and the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Context {
    /// What cannot fit is refused before it is sent.
    #[default]
    Error,
    /// History is dropped until the rest fits.
    Fit,
    /// It is sent.
    Send,
}

/// How a conversation is made to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Whole turns go, oldest first.
    #[default]
    DropOldest,
    /// The longest message is cut, then the next longest.
    TruncateLongest,
    /// As the first; what goes is summed up by the caller's function.
    Summarize,
}

/// The contract's `FitOptions`.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the contract's own fields")]
pub struct FitOptions {
    pub max_tokens: Option<u64>,
    pub reserve: Option<u64>,
    pub strategy: Strategy,
    pub keep_first: usize,
    pub keep_last: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { max_tokens: None, reserve: None, strategy: Strategy::default(), keep_first: 0, keep_last: 1 }
    }
}

impl FitOptions {
    /// Reads and checks them.
    pub fn read(fields: &mut Fields) -> Result<Self> {
        let strategy = match fields.string("strategy")?.as_deref() {
            None | Some("drop-oldest") => Strategy::DropOldest,
            Some("truncate-longest") => Strategy::TruncateLongest,
            Some("summarize") => Strategy::Summarize,
            Some(_) => return Err(fields.error("strategy", "must be \"drop-oldest\", \"truncate-longest\" or \"summarize\"")),
        };
        let mut whole = |name, low| -> Result<Option<u64>> { Ok(fields.whole(name, low)?.map(i64::unsigned_abs)) };
        Ok(Self {
            max_tokens: whole("maxTokens", 1)?,
            reserve: whole("reserve", 0)?,
            strategy,
            keep_first: whole("keepFirst", 0)?.unwrap_or(0) as usize,
            keep_last: whole("keepLast", 0)?.unwrap_or(1) as usize,
        })
    }
}

/// What stays of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    /// The messages that go, by place.
    pub dropped: Vec<usize>,
    /// The messages that are cut, and to how many tokens.
    pub cut: Vec<(usize, u64)>,
    /// What is left, everything included.
    pub input_tokens: u64,
    /// Whether that is few enough.
    pub fits: bool,
}

/// A message is not cut shorter than this, because the rest of it would say nothing: tokens.
const SHORTEST: u64 = 16;

/// Makes messages fit into `most` tokens. `sizes`: what each counts; `fixed`: what the rest of the request does.
pub fn fit(messages: &[Message], sizes: &[u64], fixed: u64, most: u64, options: &FitOptions) -> Fitted {
    let mut fitted = Fitted { input_tokens: fixed + sizes.iter().sum::<u64>(), ..Fitted::default() };
    if options.strategy == Strategy::TruncateLongest {
        cut_longest(messages, sizes, most, &mut fitted);
    } else {
        drop_oldest(messages, sizes, most, options, &mut fitted);
    }
    fitted.fits = fitted.input_tokens <= most;
    fitted
}

fn drop_oldest(messages: &[Message], sizes: &[u64], most: u64, options: &FitOptions, fitted: &mut Fitted) {
    let turns = turns(messages);
    let last = turns.len().saturating_sub(options.keep_last);
    for turn in turns.get(options.keep_first..last).unwrap_or_default() {
        if fitted.input_tokens <= most {
            break;
        }
        for place in turn {
            fitted.input_tokens -= sizes.get(*place).copied().unwrap_or(0);
            fitted.dropped.push(*place);
        }
    }
}

/// The places of each turn's messages. What comes before the first user's message is a turn too.
fn turns(messages: &[Message]) -> Vec<Vec<usize>> {
    let mut turns: Vec<Vec<usize>> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match (message, turns.last_mut()) {
            (Message::System { .. }, _) => {}
            (Message::User { .. }, _) | (_, None) => turns.push(vec![place]),
            (_, Some(turn)) => turn.push(place),
        }
    }
    turns
}

fn cut_longest(messages: &[Message], sizes: &[u64], most: u64, fitted: &mut Fitted) {
    while fitted.input_tokens > most {
        let is_left = |place: &usize| fitted.cut.iter().all(|(cut, _)| cut != place);
        let places = messages.iter().zip(sizes).enumerate().filter(|(_, (message, size))| **size > SHORTEST && can_be_cut(message));
        let longest = places.map(|(place, (_, size))| (*size, place)).filter(|(_, place)| is_left(place)).max();
        let Some((size, place)) = longest else { break };
        let over = fitted.input_tokens - most;
        let left = size.saturating_sub(over).max(SHORTEST);
        fitted.input_tokens -= size - left;
        fitted.cut.push((place, left));
    }
}

/// Whether there is a text to cut: arguments of a tool, images and files are no use in part.
fn can_be_cut(message: &Message) -> bool {
    use crate::chat::{AssistantPart, UserPart};
    match message {
        Message::System { .. } => true,
        Message::User { content, .. } | Message::Tool { content, .. } => content.iter().any(|part| matches!(part, UserPart::Text(_))),
        Message::Assistant { content } => content.iter().any(|part| matches!(part, AssistantPart::Text { .. })),
    }
}
