//! What a request comes to before it is sent: its tokens, its cost, whether it fits and what must go when it does not.

use modelwire_tokens::encodings::Counting;

use super::Engine;
use super::ask::{Inquiry, not_offered};
use super::limits::Ask;
use super::try_join::{Apart, Work, apart};
use super::within::within;
use crate::chat::{ChatRequest, Usage, Warning};
use crate::count::{Counter, LongCounts, Method, TokenCount, byte_bound, count_parts, counting};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, Told};
use crate::json::Json;
use crate::models::price::usd;
use crate::object;
use crate::options::ProviderOptions;
use crate::policy::context::{Context, FitOptions, Fitted, fit};

/// How long a call waits for a vocabulary. It is a help: without it the provider says what does not fit.
const MOST_WAIT_MS: f64 = 10_000.0;
/// Without a vocabulary: English has four to five, and the margin is for the rest.
const BYTES_PER_TOKEN: u64 = 4;
const MARGIN_OF_BYTES: u64 = 60;
/// The most of an answer that is kept free when nobody says.
const USUAL_RESERVE: u64 = 4_096;

/// A count, and what each message has of it.
struct Counted {
    count: TokenCount,
    sizes: Vec<u64>,
}

impl Engine {
    /// `countTokens`.
    pub async fn count_tokens<H: Host>(&self, host: &H, request: &ChatRequest, method: Method) -> Result<TokenCount> {
        let (provider, model) = self.named(request.model.as_deref())?;
        if method != Method::Provider {
            host.load_tokenizer(self.counting(host, provider, model).encoding.name()).await?;
            self.count_long(host, provider, model, request).await;
            return Ok(self.count(host, provider, model, request).count);
        }
        let service = provider.row.kind.service();
        if !provider.row.offers.token_count {
            return Err(not_offered(provider, model, "endpoint that counts tokens"));
        }
        let mut inquiry = Inquiry::begin(self, host, provider, model).await?;
        let question = service.count_question(&inquiry.target(), request);
        let question = question.map_err(|error| inquiry.failed(error))?;
        let mut input_tokens = 0;
        for http in question.requests {
            inquiry
                .send(http, &mut |body| {
                    input_tokens += service.count_answer(body)?;
                    Ok(())
                })
                .await?;
        }
        Ok(TokenCount::by_provider(input_tokens, question.margin + (input_tokens * question.percent).div_ceil(100)))
    }

    fn counting<H: Host>(&self, host: &H, provider: &ProviderOptions, model: &str) -> Counting {
        counting(model, self.info(host, provider, model).as_deref())
    }

    /// What counts a model's output, and how many of its tokens in a hundred the model has.
    pub(super) fn output_counter<H: Host>(&self, host: &H, provider: &ProviderOptions, model: &str) -> (Counter, u32) {
        let counting = self.counting(host, provider, model);
        (host.counter(counting.encoding.name()), counting.percent)
    }

    /// Waits for a vocabulary, but not for a server that does not give it: without one the count is rougher, and its method and
    /// margin say so.
    async fn ready_tokenizer<H: Host>(&self, host: &H, counting: Counting) {
        let _ = within(host, MOST_WAIT_MS, host.load_tokenizer(counting.encoding.name())).await;
    }

    /// Counts a request's long texts, a slice at a time, once the tokenizer is there.
    pub(super) async fn count_long<H: Host>(&self, host: &H, provider: &ProviderOptions, model: &str, request: &ChatRequest) {
        let counting = self.counting(host, provider, model);
        let encoding = counting.encoding.name();
        if host.count_tokens(encoding, "").is_none() {
            return;
        }
        let mut long = Vec::new();
        count_parts(request, model, counting, &mut |text| {
            if LongCounts::is_long(text) && self.long_counts.borrow().get(encoding, text).is_none() {
                long.push(text.to_owned());
            }
            0
        });
        for text in long {
            if let Some(count) = host.count_slowly(encoding, &text).await {
                self.long_counts.borrow_mut().keep(encoding, &text, count);
            }
        }
    }

    /// Counts with the tokenizer if it is there, else bytes.
    fn count<H: Host>(&self, host: &H, provider: &ProviderOptions, model: &str, request: &ChatRequest) -> Counted {
        let counting = self.counting(host, provider, model);
        let encoding = counting.encoding.name();
        let mut is_counted = true;
        let (parts, sizes) = count_parts(request, model, counting, &mut |text| {
            let known = if LongCounts::is_long(text) { self.long_counts.borrow().get(encoding, text) } else { None };
            known.or_else(|| host.count_tokens(encoding, text)).unwrap_or_else(|| {
                is_counted = false;
                (text.len() as u64).div_ceil(BYTES_PER_TOKEN)
            })
        });
        let percent = if is_counted { u64::from(counting.margin) } else { MARGIN_OF_BYTES };
        let framed = 2 + request.messages.len() as u64 + parts.tools / 5;
        let margin = ((parts.messages + parts.tools) * percent).div_ceil(100) + framed + parts.unsure;
        let method = if is_counted && counting.exact { Method::Local } else { Method::Estimate };
        let count = TokenCount { input_tokens: parts.sum(), margin, method, parts };
        let count = if is_counted { self.calibration.borrow().apply(&target(provider, model), count) } else { count };
        Counted { count, sizes }
    }

    /// The count when its tokenizer is there: nothing is loaded for it.
    pub(super) async fn count_if_loaded<H: Host>(
        &self,
        host: &H,
        provider: &ProviderOptions,
        model: &str,
        request: &ChatRequest,
    ) -> Option<TokenCount> {
        // Its code may be there or not, like the tokenizer: see [`Host::whole`].
        if host.count_tokens(self.counting(host, provider, model).encoding.name(), "").is_none() || host.whole().await.is_err() {
            return None;
        }
        Some(self.count_here(host, provider, model, request).await)
    }

    /// The same when it is. Boxed, so that it is loaded only then.
    #[inline(never)]
    fn count_here<'a, H: Host>(
        &'a self,
        host: &'a H,
        provider: &'a ProviderOptions,
        model: &'a str,
        request: &'a ChatRequest,
    ) -> Apart<'a, TokenCount> {
        apart(async move {
            self.count_long(host, provider, model, request).await;
            self.count(host, provider, model, request).count
        })
    }

    /// What a request was counted as, and what its provider says that it had.
    pub(super) fn calibrate<H: Host>(&self, host: &H, target: &str, counted: Option<TokenCount>, usage: &Usage) {
        if let (Some(counted), Some(reported), false) = (counted, usage.input_tokens, usage.estimated) {
            let ratio = self.calibration.borrow_mut().saw(target, counted.parts.sum(), reported);
            if let Some(ratio) = ratio {
                // Whole thousandths: a fraction's decimals would be the heaviest text here.
                let ratio = usd((ratio * 1e3).round() as u64, 3);
                host.tell(Told::Calibrated, &object! { "model": target, "ratio": ratio }.to_text());
            }
        }
    }

    /// What was learned of counts in an earlier life: `{"provider/model": ratio}`.
    pub fn remember(&self, learned: &Json<'_>) {
        for (model, ratio) in learned.members() {
            if let Some(ratio) = ratio.f64() {
                self.calibration.borrow_mut().remember(model, ratio);
            }
        }
    }

    /// `estimate`, as the contract has it.
    pub async fn estimate<H: Host>(&self, host: &H, request: &ChatRequest) -> Result<Json<'static>> {
        let (provider, model) = self.named(request.model.as_deref())?;
        self.ready_catalogue(host).await;
        self.ready_tokenizer(host, self.counting(host, provider, model)).await;
        self.count_long(host, provider, model, request).await;
        let count = self.count(host, provider, model, request).count;
        let info = self.info(host, provider, model);
        let (window, most) = (room(info.as_deref()), info.as_ref().and_then(|info| info.max_output_tokens));
        let name = target(provider, model);
        let mut amount = self.gate.amount(&name, request);
        amount.input_tokens = count.input_tokens as f64;
        let max = request.max_tokens.or(most).unwrap_or(USUAL_RESERVE);
        let expected = (amount.output_tokens as u64).min(max);
        let price = info.as_ref().and_then(|info| info.price.as_ref());
        let cost = |input: u64, output: u64| {
            let usage = Usage { input_tokens: Some(input), output_tokens: Some(output), ..Usage::default() };
            price.and_then(|price| price.cost(&usage, "")).map(|cost| usd(cost.pico, 12))
        };
        let input = count.input_tokens;
        let range = match (cost(count.least(), 0), cost(input, expected), cost(input + count.margin, max)) {
            (Some(min), Some(expected), Some(max)) => object! { "min": min, "expected": expected, "max": max },
            _ => Json::Null,
        };
        let ask = Ask { key: &name, amount, priority: request.priority, max_wait_ms: None, runs: true };
        let free = request.max_tokens.filter(|_| info.as_ref().is_some_and(|info| info.max_input_tokens.is_none())).unwrap_or(0);
        Ok(object! {
            "input": count.to_json(),
            "output": object! { "expected": expected, "max": max },
            "usd": range,
            "contextWindow": info.as_ref().and_then(|info| info.context_window),
            "fits": window.map(|window| input + free <= window),
            "waitMs": self.gate.wait_ms(&ask, host.now()).ceil(),
        })
    }

    /// `fit`: what goes, what is cut, and what is left.
    pub async fn fit<H: Host>(&self, host: &H, request: &ChatRequest, options: &FitOptions) -> Result<Json<'static>> {
        let (provider, model) = self.named(request.model.as_deref())?;
        self.ready_catalogue(host).await;
        let counting = self.counting(host, provider, model);
        self.ready_tokenizer(host, counting).await;
        self.count_long(host, provider, model, request).await;
        let info = self.info(host, provider, model);
        let Some(most) =
            options.max_tokens.or_else(|| Some(room(info.as_deref())?.saturating_sub(reserve(request, options, room(info.as_deref())?))))
        else {
            let message = format!("the context window of {} is not known: say maxTokens, or give it in catalog", target(provider, model));
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        };
        let counted = self.count(host, provider, model, request);
        let Fitted { dropped, cut, input_tokens, fits } = fitted(request, &counted, most, options);
        let places = |list: &[usize]| list.iter().map(|&place| Json::from(place as u64)).collect::<Vec<_>>();
        // In tokens of the encoding that cuts, which for some models are fewer than theirs; without what frames the message.
        let percent = u64::from(counting.percent);
        let of_encoding =
            |tokens: u64| (tokens * counted.count.parts.sum() * 100 / (counted.count.input_tokens.max(1) * percent)).saturating_sub(5);
        let cuts = cut.iter().map(|&(place, tokens)| Json::from(vec![Json::from(place as u64), Json::from(of_encoding(tokens))]));
        Ok(object! {
            "dropped": places(&dropped),
            "cut": cuts.collect::<Vec<_>>(),
            "inputTokens": input_tokens,
            "fits": fits,
            "encoding": counting.encoding.name(),
        })
    }

    /// A request as its `context` wants it: whole, with less history, or refused because it cannot fit. `None`: as it is.
    pub(super) async fn in_context<H: Host>(
        &self,
        host: &H,
        provider: &ProviderOptions,
        model: &str,
        request: &ChatRequest,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<ChatRequest>> {
        let info = self.info(host, provider, model);
        let Some(window) = room(info.as_deref()).filter(|_| request.context != Context::Send) else { return Ok(None) };
        let counting = self.counting(host, provider, model);
        let options = FitOptions::default();
        let most = match request.context {
            Context::Fit => window.saturating_sub(reserve(request, &options, window)),
            _ => window,
        };
        if byte_bound(request, model, counting) <= most {
            return Ok(None);
        }
        host.whole().await?;
        self.in_window(host, (provider, model), request, (window, most), warnings).await
    }

    /// The same of a request that may not fit. Boxed, so that it is loaded only then: see [`Host::whole`].
    #[inline(never)]
    fn in_window<'a, H: Host>(
        &'a self,
        host: &'a H,
        asked: (&'a ProviderOptions, &'a str),
        request: &'a ChatRequest,
        bounds: (u64, u64),
        warnings: &'a mut Vec<Warning>,
    ) -> Work<'a, Option<ChatRequest>> {
        apart(self.counted_in_window(host, asked, request, bounds, warnings))
    }

    async fn counted_in_window<H: Host>(
        &self,
        host: &H,
        (provider, model): (&ProviderOptions, &str),
        request: &ChatRequest,
        (window, most): (u64, u64),
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<ChatRequest>> {
        let (counting, options) = (self.counting(host, provider, model), FitOptions::default());
        self.ready_tokenizer(host, counting).await;
        self.count_long(host, provider, model, request).await;
        let counted = self.count(host, provider, model, request);
        let needed = counted.count.input_tokens;
        if request.context == Context::Error {
            return if counted.count.least() > window { Err(too_long(&target(provider, model), needed, window)) } else { Ok(None) };
        }
        if needed <= most {
            return Ok(None);
        }
        let Fitted { dropped, input_tokens, fits, .. } = fitted(request, &counted, most, &options);
        if !fits && input_tokens.saturating_sub(counted.count.margin) > window {
            return Err(too_long(&target(provider, model), input_tokens, window));
        }
        if dropped.is_empty() {
            return Ok(None);
        }
        let message = format!("{} messages were left out, oldest first: about {needed} tokens do not fit into {most}", dropped.len());
        warnings.push(Warning { code: "context-fitted", message, setting: Some("context".to_owned()) });
        let kept = request.messages.iter().enumerate().filter(|(place, _)| !dropped.contains(place));
        Ok(Some(request.with_messages(kept.map(|(_, message)| message.clone()).collect())))
    }
}

/// Fits a request by its parts; what calibration found is spread over them.
fn fitted(request: &ChatRequest, counted: &Counted, most: u64, options: &FitOptions) -> Fitted {
    let plain = counted.count.parts.sum().max(1);
    let scaled = |tokens: u64| (tokens * counted.count.input_tokens).div_ceil(plain);
    let sizes: Vec<u64> = counted.sizes.iter().map(|&size| scaled(size)).collect();
    let fixed = scaled(plain.saturating_sub(counted.sizes.iter().sum()));
    fit(&request.messages, &sizes, fixed, most, options)
}

fn room(info: Option<&crate::models::ModelInfo>) -> Option<u64> {
    info.and_then(|info| info.max_input_tokens.or(info.context_window))
}

fn reserve(request: &ChatRequest, options: &FitOptions, window: u64) -> u64 {
    options.reserve.or(request.max_tokens).unwrap_or(USUAL_RESERVE.min(window / 4))
}

fn target(provider: &ProviderOptions, model: &str) -> String {
    format!("{}/{model}", provider.name)
}

fn too_long(target: &str, needed: u64, window: u64) -> Box<Error> {
    let message = format!(
        "the request has about {needed} tokens, and {target} takes {window}: it was not sent (context \"fit\" drops history, \"send\" sends it all the same)"
    );
    let mut error = Error::new(ErrorKind::ContextLength, message);
    error.needed = Some(needed);
    error.limit = Some(window);
    error
}
