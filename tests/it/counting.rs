//! Whole requests: what they count, and what is left of them when they do not fit.

use proptest::prelude::*;

use modelwire::base64;
use modelwire::chat::{AssistantPart, Media, Message, ToolCall, UserPart};
use modelwire::count::images;
use modelwire::policy::context::{FitOptions, Strategy as How, fit};

fn user(text: &str) -> Message {
    Message::User { content: vec![UserPart::Text(text.into())], name: None }
}

fn said(text: &str) -> Message {
    Message::Assistant { content: vec![AssistantPart::Text { text: text.into() }] }
}

fn calls(id: &str) -> Message {
    let call = ToolCall { id: id.into(), name: "f".into(), input_text: "{}".into() };
    Message::Assistant { content: vec![AssistantPart::ToolCall(call)] }
}

fn result(id: &str) -> Message {
    Message::Tool { call_id: id.into(), content: vec![UserPart::Text("r".into())], is_error: false }
}

/// A conversation: system messages anywhere, and turns in which tools may be called.
fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let turn = (any::<bool>(), 0..3_usize, any::<bool>()).prop_map(|(system, tools, answer)| {
        let mut turn = Vec::new();
        if system {
            turn.push(Message::System { content: "s".into() });
        }
        turn.push(user("u"));
        for number in 0..tools {
            turn.extend([calls(&number.to_string()), result(&number.to_string())]);
        }
        if answer {
            turn.push(said("a"));
        }
        turn
    });
    prop::collection::vec(turn, 0..8).prop_map(|turns| turns.concat())
}

proptest! {
    #[test]
    fn whole_turns_go_oldest_first_and_no_more_than_must(
        messages in conversation(),
        sizes in prop::collection::vec(1_u64..100, 64),
        fixed in 0_u64..50,
        most in 0_u64..1500,
        keep_first in 0_usize..3,
        keep_last in 0_usize..3,
    ) {
        let sizes = &sizes[..messages.len()];
        let options = FitOptions { keep_first, keep_last, ..FitOptions::default() };
        let fitted = fit(&messages, sizes, fixed, most, &options);
        let is_dropped = |place: &usize| fitted.dropped.contains(place);
        let left: u64 = (0..messages.len()).filter(|place| !is_dropped(place)).map(|place| sizes[place]).sum();
        prop_assert_eq!(fitted.input_tokens, fixed + left);
        prop_assert_eq!(fitted.fits, fitted.input_tokens <= most);
        // Turns by their users' messages: each goes whole or stays whole, and what goes is one stretch of them.
        let starts: Vec<usize> = (0..messages.len()).filter(|&place| matches!(messages[place], Message::User { .. })).collect();
        let mut fates = Vec::new();
        for (number, start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(messages.len());
            let places: Vec<usize> = (*start..end).filter(|&place| !matches!(messages[place], Message::System { .. })).collect();
            prop_assert!(places.iter().all(is_dropped) || !places.iter().any(is_dropped));
            fates.push((is_dropped(start), places.iter().map(|&place| sizes[place]).sum::<u64>()));
        }
        for (place, message) in messages.iter().enumerate() {
            let is_system = matches!(message, Message::System { .. });
            prop_assert!(!is_system || !is_dropped(&place));
        }
        let gone: Vec<usize> = (0..fates.len()).filter(|&number| fates[number].0).collect();
        prop_assert!(gone.iter().enumerate().all(|(nth, &number)| number == keep_first + nth && number + keep_last < fates.len()));
        // The last turn that went had to: with it there was too much.
        if let Some(&last) = gone.last() {
            prop_assert!(fitted.input_tokens + fates[last].1 > most);
        }
        // And when it does not fit, there was nothing left to drop.
        prop_assert!(fitted.fits || gone.len() == fates.len().saturating_sub(keep_first + keep_last));
    }

    #[test]
    fn the_longest_messages_are_cut_until_it_fits(sizes in prop::collection::vec(1_u64..500, 1..12), most in 0_u64..3000) {
        let messages: Vec<Message> = sizes.iter().map(|_| user("text")).collect();
        let options = FitOptions { strategy: How::TruncateLongest, ..FitOptions::default() };
        let fitted = fit(&messages, &sizes, 0, most, &options);
        let mut left = sizes.clone();
        for &(place, tokens) in &fitted.cut {
            prop_assert!(tokens < left[place] && tokens >= 16);
            left[place] = tokens;
        }
        prop_assert!(fitted.dropped.is_empty());
        prop_assert_eq!(fitted.input_tokens, left.iter().sum::<u64>());
        prop_assert!(fitted.fits || left.iter().all(|&tokens| tokens <= 16));
        prop_assert!(sizes.iter().sum::<u64>() > most || fitted.cut.is_empty());
    }
}

/// The first bytes of images as their formats have them, 640 by 480.
fn headers() -> Vec<(&'static str, Vec<u8>)> {
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &640_u32.to_be_bytes(), &480_u32.to_be_bytes()].concat();
    let gif = [&b"GIF89a"[..], &640_u16.to_le_bytes(), &480_u16.to_le_bytes()].concat();
    // A JFIF segment of 16 bytes, a table, then the frame.
    let jpeg = [
        &b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x04\0\0\xff\xc2\0\x11\x08"[..],
        &480_u16.to_be_bytes(),
        &640_u16.to_be_bytes(),
    ]
    .concat();
    let lossy = [&b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a"[..], &640_u16.to_le_bytes(), &480_u16.to_le_bytes()].concat();
    let lossless = [&b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f"[..], &(639_u32 | 479 << 14).to_le_bytes()].concat();
    let extended = [&b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0"[..], &639_u32.to_le_bytes()[..3], &479_u32.to_le_bytes()[..3]].concat();
    vec![("png", png), ("gif", gif), ("jpeg", jpeg), ("webp", lossy), ("webp", lossless), ("webp", extended)]
}

#[test]
fn an_images_size_is_read_from_its_first_bytes_however_they_are_cut() {
    for (format, bytes) in headers() {
        assert_eq!(images::size(&bytes), Some((640.0, 480.0)), "{format}");
        for end in 0..bytes.len() {
            assert_eq!(images::size(&bytes[..end]), None, "{format} cut at {end}");
        }
    }
    assert_eq!(images::size(b"\xff\xd8\xff\xe0\0\0"), None);
    assert_eq!(images::size(b"not an image"), None);
}

fn image(width: u32, height: u32) -> Media {
    let bytes = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[0; 3]].concat();
    Media::new(format!("data:image/png;base64,{}", base64::encode(&bytes)), "image/png")
}

/// The examples of OpenAI's guide, and Anthropic's formula.
#[test]
fn images_cost_what_the_guides_say() {
    let tokens = |model: &str, width, height, detail| images::tokens(model, &image(width, height), detail).0;
    assert_eq!(tokens("openai/gpt-4o", 1024, 1024, None), 765);
    assert_eq!(tokens("gpt-4o", 2048, 4096, None), 1105);
    assert_eq!(tokens("gpt-4o", 4096, 8192, Some("low")), 85);
    assert_eq!(tokens("gpt-4o-mini", 1024, 1024, None), 2833 + 4 * 5667);
    assert_eq!(tokens("gpt-4.1-mini", 1024, 1024, None), 1659);
    assert_eq!(tokens("claude-opus-4-7", 1000, 1000, None), 1334);
    assert!(tokens("gpt-4.1-mini", 8000, 8000, None) <= 2489);
    // Somewhere else, or at a model whose rule nobody published: anything up to twice the usual.
    assert_eq!(images::tokens("mistral-large", &image(10, 10), None), (1000, 1000));
    assert_eq!(images::tokens("gpt-4o", &Media::new("https://a.example/b.png".into(), "image/png"), None), (765, 680));
}
