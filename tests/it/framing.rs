//! One stream, read in every way in which a network may deliver it.

use modelwire::answer::Answer;
use modelwire::call::Call;
use modelwire::chat::ChatResponse;
use modelwire::engine::{Plan, Turn};
use modelwire::error::Result;
use modelwire::json::Json;
use modelwire::open_stream::{OpenStream, Opened, Progress, Speaker};
use modelwire::policy::timeout::TimeoutOptions;
use modelwire::providers::{self, Api, Dialect, Row};
use modelwire::tape::Tape;
use serde_json::Value;

/// A value of the core's as the tests compare it.
pub fn value(json: &Json<'_>) -> Value {
    serde_json::from_str(&json.to_text()).unwrap()
}

/// A wire format as a server speaks it.
#[derive(Clone, Copy)]
pub struct Wire {
    pub row: &'static Row,
    pub api: Api,
}

impl Wire {
    /// By the name of a fixture folder: a row's, with "-responses" behind it for OpenAI's other format.
    pub fn of(folder: &str) -> Self {
        let (name, api) = folder.strip_suffix("-responses").map_or((folder, Api::Chat), |name| (name, Api::Responses));
        let row = providers::row(name).unwrap_or_else(|| panic!("{folder} is not a provider's name"));
        Self { row, api }
    }

    pub fn dialect(self) -> &'static dyn Dialect {
        self.row.kind.dialect(self.api)
    }
}

/// What came of reading a stream.
#[derive(Debug)]
pub struct Outcome {
    pub events: Vec<Value>,
    pub result: Result<ChatResponse>,
}

impl Outcome {
    /// Everything that must not depend on how the bytes were cut.
    pub fn comparable(&self) -> Value {
        let result = match &self.result {
            Ok(response) => value(&response.to_json()),
            Err(error) => value(&error.to_json()),
        };
        serde_json::json!({ "events": self.events, "result": result })
    }
}

/// Reads a stream from pieces of it.
pub fn read<'a>(wire: Wire, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    read_as(wire, wire.dialect(), pieces)
}

/// The same with a dialect of the test's own.
pub fn read_as<'a>(wire: Wire, dialect: &'static dyn Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    hear((wire.row, dialect), false, pieces, &mut |_| {})
}

/// What is told to an answer while it is read, as a tape; with its end if it has one.
pub fn record<'a>(wire: Wire, pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut tape = String::new();
    let outcome = hear((wire.row, wire.dialect()), false, pieces, &mut |stream| tape += &stream.take_tape(7.0));
    if let Ok(response) = &outcome.result {
        let mut end = Tape::default();
        end.end(response);
        tape += &end.take();
    }
    tape
}

/// Reads a tape.
pub fn play<'a>(wire: Wire, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    hear((wire.row, wire.dialect()), true, pieces, &mut |_| {})
}

fn hear<'a>(
    speaker: Speaker,
    is_tape: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    after: &mut dyn FnMut(&mut OpenStream),
) -> Outcome {
    let call = Call::new("call_test".into(), 0.0);
    call.target("test", "asked", 0.0);
    let mut stream = OpenStream::new(Turn::new(call, Plan::default()));
    let turn = stream.take_turn();
    let mut answer = Answer::new("test", "asked", true);
    answer.record();
    let timeout = TimeoutOptions::default();
    stream.go_on(turn, Opened { speaker, answer, timeout, goes_on: false, is_tape });
    let mut events = Vec::new();
    for piece in pieces {
        let progress = stream.feed(piece, 0.0);
        after(&mut stream);
        if let Some(result) = outcome(&mut stream, &mut events, progress) {
            return Outcome { events, result };
        }
    }
    let progress = stream.finish(0.0);
    after(&mut stream);
    let result = outcome(&mut stream, &mut events, progress).expect("the end of the bytes is the end");
    Outcome { events, result }
}

/// Takes the events, and the result if this was the end. A failure that somebody else might mend is one:
/// here is nobody else.
fn outcome(stream: &mut OpenStream, events: &mut Vec<Value>, progress: Result<Progress>) -> Option<Result<ChatResponse>> {
    events.extend(stream.batch().events().iter().map(value));
    stream.batch().clear();
    match progress {
        Ok(Progress::More) => None,
        Ok(_) if stream.failure().is_some() => {
            let mut turn = stream.take_turn();
            let error = turn.failure.take().expect("it failed");
            Some(Err(stream.stuck(turn, error, 0.0)))
        }
        Ok(_) => Some(Ok(stream.response(None, 0.0))),
        Err(error) => Some(Err(error)),
    }
}

/// The stream in one piece.
pub fn read_whole(wire: Wire, bytes: &[u8]) -> Outcome {
    read(wire, [bytes])
}

/// Reads the stream byte by byte, cut in two at every offset (at a few hundred when it is long),
/// with CRLF and CR line ends, with comments between its lines, with a BOM, and without its last
/// line ends; each must give what reading it whole gives. `complete`: the stream ends properly, so
/// that what follows its terminator does not matter.
pub fn assert_same_in_every_framing(name: &str, wire: Wire, bytes: &[u8]) -> Outcome {
    let whole = read_whole(wire, bytes);
    let expected = whole.comparable();
    let check = |how: &str, outcome: Outcome| {
        let got = outcome.comparable();
        assert!(got == expected, "{name}, {how}:\n  whole: {expected}\n  here:  {got}");
    };
    if whole.result.is_ok() {
        let tape = record(wire, [bytes]);
        check("from its tape", play(wire, [tape.as_bytes()]));
        check("from its tape, byte by byte", play(wire, tape.as_bytes().chunks(1)));
        let tape = record(wire, bytes.chunks(1));
        check("from a tape of single bytes", play(wire, [tape.as_bytes()]));
        let cut = tape.len() / 2;
        let broken = play(wire, [&tape.as_bytes()[..cut]]).result;
        assert!(broken.is_err(), "{name}: half a tape is no answer: {broken:?}");
    }
    check("byte by byte", read(wire, bytes.chunks(1)));
    let step = (bytes.len() / 400).max(1);
    for cut in (0..bytes.len()).step_by(step) {
        let (head, tail) = bytes.split_at(cut);
        check(&format!("cut at {cut}"), read(wire, [head, tail]));
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[' | b'<') | None) {
        return whole;
    }
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let crlf = text.replace('\n', "\r\n");
    check("with CRLF", read_whole(wire, crlf.as_bytes()));
    check("with CRLF, byte by byte", read(wire, crlf.as_bytes().chunks(1)));
    let cr = text.replace('\n', "\r");
    check("with CR, byte by byte", read(wire, cr.as_bytes().chunks(1)));
    let comments = text.lines().map(|line| format!(": keep-alive\n{line}\n")).collect::<String>();
    check("with comments", read_whole(wire, comments.as_bytes()));
    let bom = format!("\u{FEFF}{text}");
    check("with a BOM, byte by byte", read(wire, bom.as_bytes().chunks(1)));
    check("without the last line ends", read_whole(wire, text.trim_end_matches('\n').as_bytes()));
    whole
}
