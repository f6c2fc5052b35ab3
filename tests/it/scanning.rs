//! The scanner of the hot path beside the full decoders: of any body, whole or broken, both make the same events and the same end.
//!
//! The second reader is the same stream with a decoder that has no shape, so that nothing is scanned. `SCAN_SECONDS=600 cargo test --test it
//! scanning` goes on changing bodies for so long, from another seed each time; what it finds is to be kept in tests/it/scanned.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use modelwire::answer::Answer;
use modelwire::chat::{ChatRequest, Warning};
use modelwire::error::{Error, Result};
use modelwire::http::{HttpRequest, ResponseHead};
use modelwire::policy::history::Rules;
use modelwire::providers::{Dialect, Mode, Row, StreamDecoder, Target};
use modelwire::scan::{Found, Member};
use modelwire::sse::{Flow, SseEvent};

use crate::fixtures;
use crate::framing::{self, Wire};

thread_local! {
    /// How many events were scanned.
    static SCANNED: Rc<Cell<usize>> = Rc::default();
}

/// A decoder whose scanning is counted, or never happens.
struct Watched {
    inner: Box<dyn StreamDecoder>,
    scans: bool,
}

impl StreamDecoder for Watched {
    fn shape(&self) -> &'static [Member] {
        if self.scans { self.inner.shape() } else { &[] }
    }

    fn delta(&mut self, event: &Found<'_>, answer: &mut Answer) -> bool {
        let taken = self.inner.delta(event, answer);
        SCANNED.with(|scanned| scanned.set(scanned.get() + usize::from(taken)));
        taken
    }

    fn push(&mut self, event: &SseEvent<'_>, answer: &mut Answer) -> Result<Flow> {
        self.inner.push(event, answer)
    }

    fn finish(&mut self, answer: &mut Answer) -> Result<()> {
        self.inner.finish(answer)
    }
}

struct Reader {
    inner: &'static dyn Dialect,
    scans: bool,
}

impl Dialect for Reader {
    fn rules(&self, target: &Target<'_>) -> Rules {
        self.inner.rules(target)
    }
    fn chat_request(&self, target: &Target<'_>, request: &ChatRequest, mode: Mode, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        self.inner.chat_request(target, request, mode, warnings)
    }
    fn chat_response(&self, row: &'static Row, body: &[u8], answer: &mut Answer) -> Result<()> {
        self.inner.chat_response(row, body, answer)
    }
    fn stream_decoder(&self, row: &'static Row) -> Box<dyn StreamDecoder> {
        Box::new(Watched { inner: self.inner.stream_decoder(row), scans: self.scans })
    }
    fn error(&self, head: &ResponseHead, body: &[u8]) -> Box<Error> {
        self.inner.error(head, body)
    }
}

/// Two readers of a wire: one scans, one does not.
struct Pair {
    wire: Wire,
    scanning: &'static dyn Dialect,
    decoding: &'static dyn Dialect,
}

impl Pair {
    fn of(wire: Wire) -> Self {
        let reader = |scans| -> &'static dyn Dialect { Box::leak(Box::new(Reader { inner: wire.dialect(), scans })) };
        Self { wire, scanning: reader(true), decoding: reader(false) }
    }

    fn assert_equal(&self, name: &str, body: &[u8], cuts: &[usize]) {
        let expected = framing::read_as(self.wire, self.decoding, [body]).comparable();
        for cut in cuts {
            let (head, tail) = body.split_at(*cut);
            let got = framing::read_as(self.wire, self.scanning, [head, tail]).comparable();
            assert!(
                got == expected,
                "{name}, cut at {cut}, differs; keep it in tests/it/scanned:\n{}\n  decoded: {expected}\n  scanned: {got}",
                body.escape_ascii()
            );
        }
    }
}

/// Every fixture and every kept body that is a stream of events, with its name.
fn bodies() -> Vec<(String, Pair, Vec<u8>)> {
    let mut list = Vec::new();
    for (wire, name, folder) in fixtures::cases() {
        if let Ok(body) = fs::read(folder.join("stream.txt")) {
            list.push((name, Pair::of(wire), body));
        }
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scanned");
    let mut files: Vec<PathBuf> = fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let wire = Wire::of(name.split('.').next().unwrap());
        list.push((name, Pair::of(wire), fs::read(file).unwrap()));
    }
    list
}

#[test]
fn every_fixture_cut_anywhere_is_scanned_as_it_is_decoded() {
    SCANNED.with(|scanned| scanned.set(0));
    for (name, pair, body) in bodies() {
        let step = (body.len() / 150).max(1);
        let cuts: Vec<usize> = (0..=body.len()).step_by(step).collect();
        pair.assert_equal(&name, &body, &cuts);
    }
    assert!(SCANNED.with(|scanned| scanned.get()) > 10_000, "next to nothing was scanned");
}

/// What is put in place of something: what JSON, event streams and the four wires are made of.
const PIECES: &[&str] = &[
    "",
    "\"",
    "\\",
    "\\u00e9",
    "\\ud83d",
    "\\ude00",
    "\\x",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "0",
    "1",
    "-1",
    "01",
    "1.5",
    "1e3",
    "99999999999999999999",
    "null",
    "true",
    "nul",
    "{}",
    "[]",
    "\"\"",
    "\"x\"",
    "[{}]",
    "{\"a\":[1]}",
    "é",
    "\u{1}",
    "\u{2028}",
    "data: ",
    "data:",
    "event: error\n",
    "event: ping\n",
    ": comment\n",
    "data: [DONE]\n\n",
    "\"content\":\"again\",",
    "\"content\":null,",
    "\"error\":null,",
    "\"error\":{\"message\":\"no\"},",
    "\"type\":\"text_delta\",",
    "\"type\":\"content_block_delta\",",
    "\"index\":1,",
    "\"text\":\"t\",",
    "\"delta\":{},",
    "\"usage\":{\"prompt_tokens\":3},",
    "\"finish_reason\":\"stop\",",
    "\"tool_calls\":[],",
    "\"reasoning\":\"r\",",
    "\"reasoning_content\":\"r\",",
    "\"service_tier\":\"flex\",",
    "\"id\":\"other\",",
    "\"object\":\"error\",",
    "\"output_index\":1,",
    "\"content_index\":1,",
    "\"thinking\":\"t\",",
];

/// Changes a body in a few places, most of them in its deltas.
fn changed(body: &[u8], random: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..1 + random(3) {
        let at = random(body.len() + 1);
        match random(6) {
            5 => {
                // An event a few times more, so that what changes elsewhere is compared with a frame that is known.
                let bounds = |bytes: &[u8]| bytes.windows(2).position(|two| two == b"\n\n").map(|end| end + 2);
                let start = body[..at].windows(2).rposition(|two| two == b"\n\n").map_or(0, |end| end + 2);
                let end = start + bounds(&body[start..]).unwrap_or(body.len() - start);
                let again = body[start..end].repeat(1 + random(4));
                body.splice(end..end, again);
            }
            0 => {
                let end = (at + 1 + random(3)).min(body.len());
                body.drain(at.min(end)..end);
            }
            1 if at < body.len() => body[at] = random(256) as u8,
            2 => {
                // A member or an event once more.
                let end = (at + random(60)).min(body.len());
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece);
            }
            _ => {
                // Where a token begins.
                let at = body[..at].iter().rposition(|byte| b"{,:[\"\n".contains(byte)).map_or(at, |at| at + 1);
                let end = (at + if random(2) == 0 { 0 } else { random(12) }).min(body.len());
                body.splice(at..end, PIECES[random(PIECES.len())].bytes());
            }
        }
    }
    body
}

fn change_for(seconds: Option<u64>, seed: u64, rounds: usize) {
    let mut state = seed | 1;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below.max(1)
    };
    let bodies = bodies();
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut read = 0_u64;
    for round in 0.. {
        for (name, pair, body) in bodies.iter().filter(|(_, _, body)| body.len() < 20_000) {
            let body = changed(body, &mut random);
            let cut = random(body.len() + 1);
            pair.assert_equal(&format!("{name}, seed {seed}"), &body, &[0, cut]);
            read += 1;
        }
        if end.map_or(round + 1 >= rounds, |end| Instant::now() > end) {
            break;
        }
    }
    println!("{read} changed bodies, seed {seed}");
}

#[test]
fn a_body_changed_in_any_way_is_scanned_as_it_is_decoded() {
    let seconds = std::env::var("SCAN_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let seed = match seconds {
        None => 20_261_130,
        Some(_) => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64,
    };
    change_for(seconds, seed, 25);
}
