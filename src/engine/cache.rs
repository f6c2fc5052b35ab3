//! Before anything is sent: an answer that was kept, or that somebody else has asked for.
//!
//! Turn by turn, at the target that would be asked. What is found is a [`tape`](crate::tape), read like any other response;
//! and so is what is not found, once a [`Flight`] records it.

use std::rc::Rc;

use super::Engine;
use super::flight::Flight;
use super::route::Turn;
use super::send::{Ticket, read_all};
use super::try_join::{Apart, Work, apart};
use crate::answer::Answer;
use crate::chat::{ChatRequest, ChatResponse, Warning};
use crate::error::Result;
use crate::host::{Host, Recalled};
use crate::json::Json;
use crate::object;
use crate::open_stream::Opened;
use crate::policy::cache::{CacheChoice, is_cached, material};
use crate::policy::context::Context;
use crate::policy::fallback::cannot;
use crate::policy::timeout::TimeoutOptions;
use crate::providers::{self, Mode, StreamDecoder, Target};
use crate::sse::SseParser;
use crate::tape::Player;

/// A tape to be read, and how.
pub struct Found<Response> {
    response: Response,
    cached: bool,
    warnings: Vec<Warning>,
}

/// A stream's response, and how it is read.
type Open<H> = (Opened, <H as Host>::Response, Option<Ticket>);

impl Engine {
    /// A turn's answer, if it is to be had without asking its provider for it alone. `None`: no cache is wanted, or there is no
    /// place for one, or something is wrong with the request: whoever sends it says what.
    pub(super) async fn recall<H: Host>(&self, host: &H, turn: &mut Turn, mode: Mode) -> Option<Found<H::Response>> {
        // What goes on behind what another target said is an answer to nothing that could come again.
        if turn.said.is_some() || !is_cached(&self.options.cache, &turn.request) {
            return None;
        }
        if let Err(error) = host.whole().await {
            turn.cache_trouble = Some(error.message);
            return None;
        }
        self.look_up(host, turn, mode).await
    }

    /// The same where one is wanted. Boxed, so that it is loaded only then, and with it what reads what is found: see [`Host::whole`].
    #[inline(never)]
    fn look_up<'a, H: Host>(&'a self, host: &'a H, turn: &'a mut Turn, mode: Mode) -> Apart<'a, Option<Found<H::Response>>> {
        apart(self.found(host, turn, mode))
    }

    async fn found<H: Host>(&self, host: &H, turn: &mut Turn, mode: Mode) -> Option<Found<H::Response>> {
        let mut warnings = Vec::new();
        let request = self.as_sent(host, &turn.request, &mut warnings).await.ok()?;
        let lookup = self.lookup(host, &request, &turn.call.id(), &mut warnings).ok()?;
        let flight = Flight { request: Rc::new(request), call: turn.call.clone(), mode };
        match host.recall(&lookup, flight).await {
            Recalled::Nothing(trouble) => {
                turn.cache_trouble = trouble;
                None
            }
            Recalled::Tape { response, cached, trouble } => {
                turn.attempt += 1;
                if let Some(message) = trouble {
                    warnings.push(broken(message));
                }
                Some(Found { response, cached, warnings })
            }
        }
    }

    /// A request as it would be sent, with what its window leaves of it.
    async fn as_sent<H: Host>(&self, host: &H, asked: &ChatRequest, warnings: &mut Vec<Warning>) -> Result<ChatRequest> {
        let Target { provider, model, .. } = self.target(host, asked)?;
        if let Some(refused) = self.own_info(provider, model).and_then(|info| cannot(asked, &info)) {
            return Err(refused);
        }
        let fitted = self.in_context(host, provider, model, asked, warnings).await?;
        // Fitted once: what is sent must be what it is known by.
        Ok(ChatRequest { context: Context::Send, ..fitted.unwrap_or_else(|| asked.clone()) })
    }

    /// What the host is to look for.
    fn lookup<H: Host>(&self, host: &H, request: &ChatRequest, call: &str, warnings: &mut Vec<Warning>) -> Result<Json<'static>> {
        let target = self.target(host, request)?;
        let http = providers::chat_request(&target, request, Mode::Whole, warnings)?;
        let CacheChoice { ttl_seconds, refresh, key, tags, .. } = &request.cache;
        let mut marks = Json::object();
        for (name, value) in self.tags_of(&request.tags) {
            marks.set(name, value);
        }
        let mut lookup = object! {
            "material": material(&target.provider.name, &http).to_text(),
            "url": http.url,
            "refresh": *refresh,
            "tags": tags.iter().map(|tag| Json::from(tag.clone())).collect::<Vec<_>>(),
            // Who may spend less than others does not wait for what they ask for.
            "alone": request.budget.is_some() || request.caller.as_ref().is_some_and(|caller| caller.is_bounded()),
            "provider": target.provider.name.clone(),
            "model": target.model.to_owned(),
            "callId": call.to_owned(),
            "marks": marks,
        };
        lookup.set_some("key", key.clone());
        lookup.set_some("ttlSeconds", *ttl_seconds);
        Ok(lookup)
    }

    /// The lookups of all targets of a request, in their order, as JSON: for who asks for what is kept, and nothing else.
    pub async fn lookups<H: Host>(&self, host: &H, plan: super::Plan) -> Result<Json<'static>> {
        let mut lookups = Vec::new();
        for request in requests(plan) {
            let request = self.as_sent(host, &request, &mut Vec::new()).await?;
            lookups.push(self.lookup(host, &request, "", &mut Vec::new())?);
        }
        Ok(lookups.into())
    }

    /// A response of a tape, as the target of this place answers it.
    pub fn replayed<H: Host>(&self, host: &H, plan: super::Plan, target: usize, tape: &[u8]) -> Result<ChatResponse> {
        let call = self.call(host);
        let request = requests(plan).into_iter().nth(target).unwrap_or_default();
        let mut answer = self.answer_of_tape(host, &request, true, Vec::new(), false)?;
        let raw = play(tape, &mut answer)?;
        crate::policy::output::complete(call.dress(answer.response(None, raw), host.now()), &request)
    }

    /// How the tape of a stream is to be read.
    #[inline(never)]
    pub(super) fn opened_tape<'a, H: Host>(&'a self, host: &'a H, turn: &'a Turn, found: Found<H::Response>) -> Work<'a, Open<H>> {
        apart(self.open_tape(host, turn, found))
    }

    async fn open_tape<H: Host>(&self, host: &H, turn: &Turn, found: Found<H::Response>) -> Result<Open<H>> {
        self.ready_catalogue(host).await;
        let answer = self.answer_of_tape(host, &turn.request, found.cached, found.warnings, true)?;
        let target = self.target(host, &turn.request)?;
        let timeout = self.timeout(target.provider, &turn.request.timeout).patient();
        let goes_on = self.options.fallback.mid_stream && !turn.route.left.is_empty();
        let opened = Opened { speaker: (target.provider.row, target.dialect()), answer, timeout, goes_on, is_tape: true };
        Ok((opened, found.response, None))
    }

    /// The answer of a tape, read to its end.
    #[inline(never)]
    pub(super) fn whole_of_tape<'a, H: Host>(
        &'a self,
        host: &'a H,
        turn: &'a mut Turn,
        found: Found<H::Response>,
    ) -> Work<'a, ChatResponse> {
        apart(self.read_tape(host, turn, found))
    }

    async fn read_tape<H: Host>(&self, host: &H, turn: &mut Turn, found: Found<H::Response>) -> Result<ChatResponse> {
        let Found { mut response, cached, warnings } = found;
        let result = async {
            let body = read_all(host, &mut response, &TimeoutOptions::default().patient()).await?;
            self.ready_catalogue(host).await;
            let mut answer = self.answer_of_tape(host, &turn.request, cached, warnings, false)?;
            let raw = play(&body, &mut answer)?;
            Ok(answer.response(None, raw))
        }
        .await;
        result.map_err(|error| turn.call.failed(error, host.now()))
    }

    fn answer_of_tape<H: Host>(&self, host: &H, request: &ChatRequest, cached: bool, warnings: Vec<Warning>, live: bool) -> Result<Answer> {
        let target = self.target(host, request)?;
        let mut answer = Answer::new(&target.provider.name, target.model, live);
        answer.warnings = warnings;
        if cached {
            answer.from_cache();
        }
        self.present(host, &target, request, None, &mut answer);
        Ok(answer)
    }
}

/// The requests that a plan's targets get.
fn requests(plan: super::Plan) -> Vec<ChatRequest> {
    let super::Plan { request, route } = plan;
    match route.stops.is_empty() {
        true => vec![request],
        false => route.stops.iter().map(|stop| stop.request.with_messages(request.messages.clone())).collect(),
    }
}

/// Tells an answer all of a tape; gives the provider's own body, if that is on it.
fn play(tape: &[u8], answer: &mut Answer) -> Result<Option<String>> {
    let (mut parser, mut player) = (SseParser::new(), Player::default());
    let mut flow = parser.feed(tape, &mut |event| player.push(&event, answer))?;
    if flow == crate::sse::Flow::More {
        flow = parser.finish(&mut |event| player.push(&event, answer))?;
    }
    if flow == crate::sse::Flow::More {
        player.finish(answer)?;
    }
    answer.end_tools();
    Ok(player.raw)
}

/// What an answer is told of a cache that does not work.
pub(super) fn broken(message: String) -> Warning {
    Warning { code: "cache", message, setting: Some("cache".to_owned()) }
}
