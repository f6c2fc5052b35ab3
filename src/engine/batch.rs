//! Batches at a provider: a row made a line, lines handed over, the batch looked at, results read.
//!
//! Each is a question by itself and remembers nothing: what a batch is stands in its *handle*, which the
//! facade keeps. `js/batch/provider.ts` has the order of the questions and moves the bytes; `js/batch/handle.ts` checks a handle.

use super::Engine;
use super::ask::{Inquiry, did_nothing, not_offered};
use super::route::Plan;
use crate::answer::{Answer, Spent};
use crate::chat::{ChatRequest, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::http::iso_time;
use crate::input::Value;
use crate::json::{Json, body_text};
use crate::object;
use crate::options::ProviderOptions;
use crate::policy::fallback::cannot;
use crate::policy::output;
use crate::policy::retry::RetryOptions;
use crate::policy::timeout::TimeoutOptions;
use crate::providers::batch::{Batches, Step, next_look_ms};
use crate::providers::{self, Api, Mode, Target};

/// Where a batch goes.
struct Way<'a> {
    provider: &'a ProviderOptions,
    batches: &'static Batches,
    api: Api,
}

/// What lines of results are read with.
#[derive(Debug)]
pub struct Reading<'a> {
    /// What rows have in common: of the handle.
    pub kinds: &'a [Value],
    /// How many rows there are.
    pub rows: u64,
    /// The first row of the batch, and for each from it on `1` where its result was read before: it is not to be billed twice.
    pub from: usize,
    /// See `from`.
    pub skip: &'a [u8],
}

/// How long a provider may be silent, in milliseconds: no batch lives longer.
const LONGEST_SILENCE_MS: f64 = 86_400_000.0;

impl Engine {
    /// A row as its provider reads it: `{before, behind, kind, route}`, between the first two of which the number of its kind
    /// stands; or `{error}` where the row itself is wrong. `first`: whether to tell what a `file` of them looks like. An error
    /// where this provider has no batches.
    pub async fn batch_row<H: Host>(&self, host: &H, index: u64, request: Value, first: bool) -> Result<Json<'static>> {
        let mut warnings = Vec::new();
        let fitted = match self.batch_request(index, request)? {
            Ok((provider, model, request)) => match self.in_context(host, provider, &model, &request, &mut warnings).await {
                Ok(fitted) => self.batch_line(host.in_page(), index, (provider, &model), &fitted.unwrap_or(request), warnings, first),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        Ok(fitted.unwrap_or_else(|error| object! { "error": error.to_json().into_owned() }))
    }

    /// The request of a row and where it goes: what is wrong with it, in an error where nothing could go there.
    #[allow(clippy::type_complexity, reason = "taken apart at once")]
    fn batch_request(&self, index: u64, request: Value) -> Result<Result<(&ProviderOptions, String, ChatRequest)>> {
        let read = self.plan(request).and_then(|Plan { request, route }| {
            let (provider, model) = self.named(request.model.as_deref())?;
            let (name, model) = (provider.name.clone(), model.to_owned());
            Ok((self.provider(&name)?, model, request, route))
        });
        let (provider, model, request, route) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        if provider.row.offers.batches.is_none() {
            return Err(not_offered(provider, &model, "batch API that is known here: mode must be \"local\""));
        }
        let field = if route.stops.is_empty() { self.not_in_a_batch(&request) } else { "model: a list of targets" };
        if !field.is_empty() {
            let message = format!("batch: row {index}: {field} cannot be seen to in mode \"provider\"");
            return Ok(Err(Error::new(ErrorKind::Unsupported, message)));
        }
        Ok(match self.own_info(provider, &model).and_then(|info| cannot(&request, &info)) {
            Some(refused) => Err(refused),
            None => Ok((provider, model, request)),
        })
    }

    fn batch_line(
        &self,
        in_page: bool,
        index: u64,
        (provider, model): (&ProviderOptions, &str),
        request: &ChatRequest,
        mut warnings: Vec<Warning>,
        first: bool,
    ) -> Result<Json<'static>> {
        let Some(batches) = provider.row.offers.batches else { return Ok(Json::Null) };
        let api = providers::api_for(provider, model, request);
        let target = Target { provider, model, api, key: None, in_page };
        let http = providers::chat_request(&target, request, Mode::Whole, &mut warnings)?;
        let [before, behind] = batches.line(api, index, &body_text(&http.body));
        let mut route = object! { "provider": &provider.name, "endpoint": batches.endpoint(api) };
        if batches.one_model {
            route.add("model", model.into());
        }
        let by_tool = request.output.is_some() && target.dialect().output_by_tool(&target, request);
        let mut tags = Json::object();
        for (name, value) in &request.tags {
            tags.set(name.as_str(), value.as_str());
        }
        let kind = object! {
            "model": model,
            "tool": by_tool,
            "output": request.output.clone(),
            "tags": tags,
            "warnings": warnings.iter().map(Warning::to_json).collect::<Vec<_>>(),
        };
        let mut out = object! { "before": before, "behind": behind, "kind": kind.to_text(), "route": route.to_text() };
        if first {
            let [before, between, behind] = batches.form();
            let form = vec![before.into(), between.into(), behind.into()];
            out.add("file", object! { "form": form, "rows": batches.rows, "bytes": batches.bytes });
        }
        Ok(out)
    }

    /// What a request asks for that nobody could see to.
    fn not_in_a_batch(&self, request: &ChatRequest) -> &'static str {
        if request.tools.iter().any(|tool| tool.run.is_some()) {
            "run of a tool"
        } else if !request.headers.is_empty() {
            "headers"
        } else if request.retry != RetryOptions::default() {
            "retry"
        } else if request.timeout != TimeoutOptions::default() {
            "timeout"
        } else if request.priority != 0.0 {
            "priority"
        } else if request.cache.on == Some(true) {
            "cache"
        } else if request.budget.is_some() || !self.purse.only_warns(&self.tags_of(&request.tags)) {
            // A batch cannot be stopped where the money ends.
            "a budget that stops calls"
        } else {
            ""
        }
    }

    /// Takes a step, and gives what was said to it (see [`Batches`]), with the wait before the next look; of results the response,
    /// which the host reads. `waited_ms`: since the first look. `silent_ms`: since the last that told something; `{trouble}` is
    /// what another may mend.
    pub async fn batch_step<H: Host>(
        &self,
        host: &H,
        route: &Json<'_>,
        step: Step<'_>,
        waited_ms: f64,
        silent_ms: f64,
    ) -> Result<(Json<'static>, Option<H::Response>)> {
        let Way { provider, batches, api } = self.way(route)?;
        let creates = matches!(step, Step::Create(_)) || (matches!(step, Step::Upload(_)) && !batches.files);
        let mut wait_ms = next_look_ms(waited_ms, host.random());
        let (mut said, mut response) = (Json::object(), None);
        let asked = async {
            let mut inquiry = Inquiry::begin(self, host, provider, "").await?;
            inquiry.creates = creates;
            let request = batches.request(&inquiry.target(), api, step);
            if matches!(step, Step::Results(..)) {
                response = Some(inquiry.open(&request).await?);
                return Ok(());
            }
            let mut read = |body: &[u8]| {
                match step {
                    Step::Cancel(_) => {}
                    Step::Look(_) => said = batches.status(provider.row.kind.dialect(api), body)?,
                    _ => said = batches.taken(body)?,
                }
                Ok(())
            };
            inquiry.send(request, &mut read).await
        };
        if let Err(mut error) = asked.await {
            // The batch goes on, whatever happens on the way to it.
            if !matches!(step, Step::Look(_)) || !error.retryable || silent_ms > LONGEST_SILENCE_MS {
                if creates && error.retryable && !did_nothing(&error) {
                    error.message.push_str("; whether the batch was made is not known: see the provider's list before it is made again");
                }
                return Err(error);
            }
            wait_ms = wait_ms.max(error.retry_after_ms.unwrap_or(0) as f64);
            said = object! { "trouble": error.to_json().into_owned() };
        }
        said.set("waitMs", wait_ms);
        Ok((said, response))
    }

    /// Lines of results: for each that is new `[index, kind, response | null, error | null]`, null for what is none of this batch's.
    pub async fn batch_read<H: Host>(&self, host: &H, route: &Json<'_>, reading: &Reading<'_>, lines: &str) -> Result<Json<'static>> {
        self.ready_catalogue(host).await;
        self.batch_lines(host, &self.way(route)?, reading, lines)
    }

    fn batch_lines<H: Host>(&self, host: &H, way: &Way<'_>, reading: &Reading<'_>, lines: &str) -> Result<Json<'static>> {
        let dialect = way.provider.row.kind.dialect(way.api);
        let mut read = Vec::new();
        for text in lines.split('\n').map(str::trim_ascii).filter(|text| !text.is_empty()) {
            let line = way.batches.result(dialect, text).filter(|line| line.index < reading.rows);
            let Some((line, kind)) =
                line.and_then(|line| Some((reading.kinds.get(line.kind as usize)?, line))).map(|(kind, line)| (line, kind))
            else {
                read.push(Json::Null);
                continue;
            };
            let at = (line.index as usize).wrapping_sub(reading.from);
            if reading.skip.get(at) == Some(&b'1') {
                continue;
            }
            let result = match line.result {
                Ok(body) => self.batch_answer(host, way, kind, body, line.request_id),
                Err(error) => Err(error),
            };
            let (response, error) = match result {
                Ok(response) => (response, Json::Null),
                Err(error) => (Json::Null, error.to_json().into_owned()),
            };
            read.push(vec![line.index.into(), line.kind.into(), response, error].into());
        }
        Ok(read.into())
    }

    fn batch_answer<H: Host>(&self, host: &H, way: &Way<'_>, kind: &Value, body: String, request_id: Option<String>) -> Result<Value> {
        let Way { provider, api, .. } = *way;
        let model = kind.get("model").text();
        let mut answer = Answer::new(&provider.name, model, false);
        if kind.get("tool").bool() == Some(true) {
            answer.present_as_text(Some(output::TOOL));
        }
        answer.priced(self.info(host, provider, model), 0);
        provider.row.kind.dialect(api).chat_response(provider.row, body.as_bytes(), &mut answer)?;
        // Whatever the answer says of itself: it is billed as what it was asked in.
        answer.served_as(Some("batch"));
        answer.end_tools();
        let mut response = answer.response(None, Some(body));
        let mut tags = Vec::new();
        for (name, value) in kind.get("tags").members() {
            tags.push((name.to_string(), value.text().to_owned()));
        }
        self.bill_row(host, &provider.name, model, &Spent { usage: response.usage, cost: response.cost.clone() }, &tags);
        response.call_id = self.call(host).id();
        response.request_id = request_id;
        response.timing.started_at = iso_time(host.now());
        let output = Some(kind.get("output")).filter(|schema| schema.is_object()).cloned();
        let response = output::complete(response, &ChatRequest { output, ..ChatRequest::default() })?;
        Ok(response.to_json().into_owned())
    }

    fn way(&self, route: &Json<'_>) -> Result<Way<'_>> {
        let provider = self.provider(route.get("provider").text())?;
        let endpoint = route.get("endpoint").text();
        match provider.row.offers.batches {
            Some(batches) if batches.endpoint(Api::Chat) == endpoint => Ok(Way { provider, batches, api: Api::Chat }),
            Some(batches) if batches.endpoint(Api::Responses) == endpoint => Ok(Way { provider, batches, api: Api::Responses }),
            _ => Err(Error::new(ErrorKind::InvalidRequest, format!("batch: {} has no batch API at \"{endpoint}\"", provider.name))),
        }
    }
}
