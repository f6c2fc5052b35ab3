//! One open stream: bytes in, events out, a response or an error at the end.
//!
//! Performs nothing: whoever drives it (JavaScript through `web`, the engine for `chat()`, a test)
//! reads the body, runs the tools and says what time it is. It owns what a failure must not lose:
//! what had arrived, in this turn and in those before it.

use std::rc::Rc;

use crate::answer::{Answer, Batch, Spent};
use crate::call::Call;
use crate::chat::{ChatResponse, FinishReason};
use crate::engine::{Plan, Turn};
use crate::error::{Error, ErrorKind, Result};
use crate::models::price::Cost;
use crate::object;
use crate::policy::output;
use crate::policy::seam::can_continue;
use crate::policy::timeout::{Timeout, TimeoutOptions};
use crate::policy::tools::{Rounds, Step, ToolOutput};
use crate::providers::{Dialect, Row, StreamDecoder};
use crate::scan::{Found, Frame};
use crate::sse::{Events, Flow, SseEvent, SseParser};
use crate::tape::Player;

/// How often usage is told while an answer arrives, at most.
const LIVE_USAGE_MS: f64 = 250.0;

/// What a body that is not a stream may hold before it is refused.
pub const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There are bytes to read.
    More,
    /// So there are, once the stores of its budgets were asked whether it may cost more. A feed without bytes
    /// then says whether it goes on.
    Lease,
    /// The last event was sent.
    Done,
    /// This response has nothing more: the calls of the turn are to be run ([`OpenStream::steps`]), or it
    /// failed in a way that somebody else may mend. Either way a request is to be sent.
    GoOn,
}

/// Who answers a turn: the server and its wire format.
pub type Speaker = (&'static Row, &'static dyn Dialect);

/// What is known of a response before its first byte.
pub struct Opened {
    /// Who answers.
    pub speaker: Speaker,
    /// Empty but for names and warnings.
    pub answer: Answer,
    /// For this attempt.
    pub timeout: TimeoutOptions,
    /// Whether somebody else may go on if it breaks off in the middle.
    pub goes_on: bool,
    /// Whether it is a tape and not the speaker's own.
    pub is_tape: bool,
}

enum Body {
    /// Nothing but white space so far.
    Unknown(SseParser),
    Events(SseParser),
    /// JSON (a server that ignores `stream`, or an error under status 200) or HTML.
    Whole(Vec<u8>),
}

enum Source {
    /// Nothing was asked yet.
    Nobody,
    Provider(Speaker, Box<dyn StreamDecoder>),
    /// The events are this library's own, the last one too.
    Relay(Box<dyn StreamDecoder>),
}

/// A stream being read.
pub struct OpenStream {
    body: Body,
    source: Source,
    /// Of the events of this body.
    frame: Frame,
    answer: Answer,
    call: Call,
    rounds: Rounds,
    /// `None` while a request is being sent.
    turn: Option<Turn>,
    timeout: TimeoutOptions,
    goes_on: bool,
    /// Whether stores are being asked for more money.
    leasing: bool,
    /// When usage was told last.
    told_ms: f64,
    steps: Vec<Step>,
    outputs: Vec<Option<ToolOutput>>,
}

impl OpenStream {
    /// A stream of which nothing was sent yet.
    pub fn new(turn: Turn) -> Self {
        let rounds = Rounds::new(turn.request.clone());
        let mut stream = Self::with(Source::Nobody, Answer::new("", "", true), turn.call.clone(), rounds);
        stream.turn = Some(turn);
        stream
    }

    /// One turn by itself: no tools are run.
    pub fn for_a_turn(turn: Turn) -> Self {
        let mut stream = Self::new(turn);
        stream.rounds = Rounds::alone();
        stream
    }

    /// A stream whose events are this library's own, read by `decoder`, which also sends its own
    /// last event.
    pub fn relay(decoder: Box<dyn StreamDecoder>, answer: Answer, call: Call) -> Self {
        Self::with(Source::Relay(decoder), answer, call, Rounds::new(Rc::default()))
    }

    fn with(source: Source, answer: Answer, call: Call, rounds: Rounds) -> Self {
        Self {
            body: Body::Unknown(SseParser::new()),
            source,
            frame: Frame::default(),
            answer,
            call,
            rounds,
            turn: None,
            timeout: TimeoutOptions::default(),
            goes_on: false,
            leasing: false,
            told_ms: f64::NEG_INFINITY,
            steps: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// The call that it is.
    pub fn call(&self) -> Call {
        self.call.clone()
    }

    /// The events since the last [`Batch::clear`].
    pub fn batch(&mut self) -> &mut Batch {
        &mut self.answer.batch
    }

    /// Takes the bytes of one read. `Done` after the last event; an error carries what had arrived.
    pub fn feed(&mut self, bytes: &[u8], now: f64) -> Result<Progress> {
        let flow = self.read(bytes);
        self.after(flow, now)
    }

    /// The body has ended.
    pub fn finish(&mut self, now: f64) -> Result<Progress> {
        let result = self.read_end();
        self.after(result.map(|()| Flow::Done), now)
    }

    /// Reading the body failed, for the reason that the platform gave.
    pub fn broke(&mut self, reason: &str, now: f64) -> Result<Progress> {
        self.failed(Error::new(ErrorKind::Network, format!("the connection broke while the answer was arriving: {reason}")), now)
    }

    // ─────────────────────────────────────────── time

    /// How long what may take.
    pub fn timeout(&self) -> &TimeoutOptions {
        &self.timeout
    }

    /// Which time is over first, and when, while a read waits since `reading_ms` (`None`: nobody reads, and
    /// the server is not to blame for the silence).
    pub fn due(&self, reading_ms: Option<f64>) -> Option<(Timeout, f64)> {
        let mut due = self.call.deadline().map(|at| (Timeout::Total, at));
        if let Some(since) = reading_ms {
            let (timeout, since) = match self.answer.has_started() {
                true => (Timeout::Idle, since),
                false => (Timeout::FirstToken, self.call.sent_ms()),
            };
            let mut sooner = |timeout: Timeout, since: f64| {
                let at = self.timeout.of(timeout).map(|ms| since + ms);
                if let Some(at) = at.filter(|at| at.is_finite() && due.is_none_or(|(_, other)| *at < other)) {
                    due = Some((timeout, at));
                }
            };
            sooner(timeout, since);
            // Before the first token too, the body may not fall silent for longer than that.
            sooner(Timeout::Idle, reading_ms.unwrap_or(since));
        }
        due
    }

    /// That time is over.
    pub fn late(&mut self, timeout: Timeout, now: f64) -> Result<Progress> {
        let error = if timeout == Timeout::Total { self.call.late() } else { self.timeout.error(timeout) };
        self.failed(error, now)
    }

    // ─────────────────────────────────────────── rounds and attempts

    /// What is to be done about the calls of the turn that just ended.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What came of one of them; the `tool-result` event is due.
    pub fn tool_result(&mut self, index: usize, output: ToolOutput) {
        let turn = self.answer.response(None, None);
        if let (Some(call), Some(slot)) = (turn.tool_calls.get(index), self.outputs.get_mut(index)) {
            self.answer.batch.push_json(&output.event(&call.id));
            *slot = Some(output);
        }
    }

    /// The turn that a request is to be sent for, once the calls of the last one were answered. To be given
    /// back by [`OpenStream::go_on`] or [`OpenStream::stuck`].
    pub fn take_turn(&mut self) -> Turn {
        let empty = || Turn::new(self.call.clone(), Plan::default());
        let mut turn = self.turn.take().unwrap_or_else(empty);
        if !std::mem::take(&mut self.steps).is_empty() {
            let missing = || ToolOutput::failed("the tool was not run".to_owned());
            let outputs = std::mem::take(&mut self.outputs).into_iter().map(|output| output.unwrap_or_else(missing)).collect();
            self.rounds.advance(self.answer.response(None, None), outputs);
            turn.next(self.rounds.request.clone());
            self.answer = self.answer.next_turn("", "");
        }
        turn
    }

    /// It was sent, and this is who answers.
    pub fn go_on(&mut self, turn: Turn, opened: Opened) {
        let Opened { speaker, answer, timeout, goes_on, is_tape } = opened;
        if let Some(said) = &turn.said {
            let from = format!("{}/{}", self.answer.provider, self.answer.asked());
            let to = format!("{}/{}", answer.provider, answer.asked());
            self.answer.batch.push_json(&object! { "type": "continue", "from": from, "to": to, "text": said.as_str() });
            self.answer.go_on_as(answer);
        } else {
            self.answer = self.answer.begin(answer);
        }
        self.rounds.retarget(turn.request.clone());
        let decoder = if is_tape { Box::new(Player::default()) } else { speaker.1.stream_decoder(speaker.0) };
        self.source = Source::Provider(speaker, decoder);
        self.frame = Frame::default();
        self.body = Body::Unknown(SseParser::new());
        (self.timeout, self.goes_on) = (timeout, goes_on);
        self.turn = Some(turn);
    }

    /// It was not: `error` is why.
    pub fn stuck(&mut self, turn: Turn, mut error: Box<Error>, now: f64) -> Box<Error> {
        let broke_off = !matches!(self.source, Source::Nobody);
        self.turn = Some(turn);
        if broke_off && error.partial.is_none() {
            self.answer.estimate_usage();
            error.partial = Some(Box::new(self.response(Some(FinishReason::Other), now)));
        }
        error
    }

    /// What the last attempt failed with, while nothing was done about it.
    pub fn failure(&self) -> Option<&Error> {
        self.turn.as_ref()?.failure.as_deref()
    }

    /// Whether that was a key's fault and there is another.
    pub fn note_another_key(&mut self, another_key: bool) {
        if let Some(turn) = &mut self.turn {
            turn.another_key = another_key;
        }
    }

    /// What was recorded since this was last asked for.
    pub fn take_tape(&mut self, ms: f64) -> String {
        self.answer.take_tape(ms)
    }

    /// Counts its output here: its provider will not say any more.
    pub fn estimate_usage(&mut self) {
        self.answer.estimate_usage();
    }

    /// What this attempt has used so far.
    pub fn spent(&self) -> Spent {
        self.answer.spent()
    }

    /// Whether this turn has shown anything.
    pub fn has_started(&self) -> bool {
        self.answer.has_started()
    }

    /// Whether it has ended because it may not cost more.
    pub fn is_over_budget(&mut self) -> bool {
        self.answer.is_over_budget()
    }

    // ─────────────────────────────────────────── ends

    /// The answer as it stands, for a stream that is ended from this side.
    pub fn stop(&mut self, why: FinishReason, now: f64) -> ChatResponse {
        self.answer.estimate_usage();
        self.response(Some(why), now)
    }

    /// The error of a call that its caller aborted, with what had arrived.
    pub fn aborted(&mut self, now: f64) -> Box<Error> {
        self.answer.estimate_usage();
        let mut error = self.call.aborted(now);
        error.partial = Some(Box::new(self.response(Some(FinishReason::Aborted), now)));
        error
    }

    /// The answer of the turn by itself, and the turn.
    pub fn into_turn(mut self) -> (ChatResponse, Turn) {
        let turn = self.take_turn();
        (self.answer.response(None, None), turn)
    }

    /// The whole answer, once [`OpenStream::feed`] or [`OpenStream::finish`] said that it is whole.
    pub fn response(&self, stopped: Option<FinishReason>, now: f64) -> ChatResponse {
        self.call.dress(self.rounds.complete(self.answer.response(stopped, None)), now)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<Flow> {
        if let Body::Unknown(parser) = &mut self.body {
            let blank = |byte: &&u8| !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(byte);
            match bytes.iter().find(blank) {
                Some(b'{' | b'[' | b'<') => self.body = Body::Whole(Vec::new()),
                Some(_) => self.body = Body::Events(std::mem::take(parser)),
                None => {}
            }
        }
        match &mut self.body {
            Body::Unknown(parser) | Body::Events(parser) => {
                let flow =
                    parser.feed_to(bytes, &mut Reading { source: &mut self.source, answer: &mut self.answer, frame: &mut self.frame })?;
                // A store may have refused more since the last event.
                let asked = std::mem::take(&mut self.leasing);
                Ok(if flow == Flow::More && asked && self.answer.is_over_budget() { Flow::Done } else { flow })
            }
            Body::Whole(body) if body.len() + bytes.len() > MAX_BODY_BYTES => {
                Err(Error::malformed(format!("the answer is longer than {MAX_BODY_BYTES} bytes")))
            }
            Body::Whole(body) => {
                body.extend_from_slice(bytes);
                Ok(Flow::More)
            }
        }
    }

    fn read_end(&mut self) -> Result<()> {
        match &mut self.body {
            Body::Unknown(parser) | Body::Events(parser) => {
                let flow = parser.finish_to(&mut Reading { source: &mut self.source, answer: &mut self.answer, frame: &mut self.frame });
                match flow {
                    Ok(Flow::Done) => Ok(()),
                    Ok(Flow::More) => match &mut self.source {
                        Source::Provider(_, decoder) | Source::Relay(decoder) => decoder.finish(&mut self.answer),
                        Source::Nobody => Ok(()),
                    },
                    // Half an event that the end of the body cut off is not the server's mistake.
                    Err(error) if error.kind == ErrorKind::Malformed => Err(Error::truncated("the stream ended in the middle of an event")),
                    Err(error) => Err(error),
                }
            }
            Body::Whole(body) => {
                let body = std::mem::take(body);
                match self.source {
                    Source::Provider((row, dialect), _) if !crate::call::is_html(&body) => {
                        dialect.chat_response(row, &body, &mut self.answer)
                    }
                    _ => Err(crate::call::not_the_api(&body)),
                }
            }
        }
    }

    fn after(&mut self, flow: Result<Flow>, now: f64) -> Result<Progress> {
        if self.answer.has_started() {
            self.call.first_token(now);
        }
        match flow {
            Ok(Flow::More) => {
                self.tell_usage(now);
                self.leasing = self.answer.wants_lease();
                Ok(if self.leasing { Progress::Lease } else { Progress::More })
            }
            Ok(Flow::Done) if matches!(self.source, Source::Relay(_)) => Ok(Progress::Done),
            Ok(Flow::Done) => self.end(now),
            Err(error) => self.failed(error, now),
        }
    }

    /// The `usage` event of a stream that is asked for it, four times a second.
    fn tell_usage(&mut self, now: f64) {
        if !self.rounds.request.live_usage || !self.answer.has_started() || now < self.told_ms + LIVE_USAGE_MS {
            return;
        }
        self.told_ms = now;
        let so_far = self.rounds.so_far(self.answer.live_usage());
        self.answer
            .batch
            .push_json(&object! { "type": "usage", "usage": so_far.usage.to_json(), "cost": so_far.cost.as_ref().map(Cost::to_json) });
    }

    /// The turn is whole; so is the answer, unless tools are to be run.
    fn end(&mut self, now: f64) -> Result<Progress> {
        self.answer.end_seam();
        self.answer.end_tools();
        self.answer.start();
        self.call.succeeded(now);
        if let Some(steps) = self.rounds.plan(&self.answer.response(None, None)) {
            self.outputs = vec![None; steps.len()];
            self.steps = steps;
            return Ok(Progress::GoOn);
        }
        let response = output::complete(self.response(None, now), &self.rounds.request)?;
        let batch = &mut self.answer.batch;
        batch.push_json(&object! { "type": "usage", "usage": response.usage.to_json(), "cost": response.cost.as_ref().map(Cost::to_json) });
        batch.push_json(&object! {
            "type": "end",
            "finishReason": response.finish_reason.word(),
            "response": response.to_json(),
        });
        Ok(Progress::Done)
    }

    /// Somebody else may mend it, unless something was shown: then only if that was asked for.
    fn failed(&mut self, error: Box<Error>, now: f64) -> Result<Progress> {
        let mut error = self.call.failed(error, now);
        self.answer.drop_seam();
        self.answer.estimate_usage();
        let over = error.timeout == Some(Timeout::Total) || !matches!(self.source, Source::Provider(..));
        if let Some(turn) = self.turn.as_mut().filter(|_| !over) {
            turn.another_key |= error.another_key;
            if !self.answer.has_started() {
                turn.failure = Some(error);
                return Ok(Progress::GoOn);
            }
            if self.goes_on && can_continue(&turn.request, self.answer.tool_count() > 0) {
                turn.said = Some(self.answer.response(None, None).text);
                turn.failure = Some(error);
                return Ok(Progress::GoOn);
            }
        }
        error.partial = Some(Box::new(self.response(Some(FinishReason::Other), now)));
        Err(error)
    }
}

/// The events of a body on their way to the answer.
struct Reading<'s> {
    source: &'s mut Source,
    answer: &'s mut Answer,
    frame: &'s mut Frame,
}

impl Reading<'_> {
    fn after_event(&mut self, flow: Flow) -> Flow {
        if flow == Flow::More && self.answer.is_over_budget() { Flow::Done } else { flow }
    }
}

impl Events for Reading<'_> {
    fn event(&mut self, event: &SseEvent<'_>) -> Result<Flow> {
        match &mut self.source {
            Source::Provider(_, decoder) | Source::Relay(decoder) => {
                let flow = decoder.push(event, self.answer)?;
                Ok(self.after_event(flow))
            }
            Source::Nobody => Ok(Flow::More),
        }
    }

    fn scan<'a>(&mut self, data: &'a [u8]) -> Option<(Found<'a>, usize)> {
        let Source::Provider(_, decoder) = &self.source else { return None };
        self.frame.read(data, decoder.shape())
    }

    fn delta(&mut self, name: &[u8], found: &Found<'_>) -> Option<Flow> {
        let Source::Provider(_, decoder) = &mut self.source else { return None };
        // By its name, whatever it holds.
        if name == b"error" || !decoder.delta(found, self.answer) {
            return None;
        }
        Some(self.after_event(Flow::More))
    }
}
