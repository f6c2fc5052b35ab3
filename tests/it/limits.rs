//! Limits: what buckets grant, who goes first, what is given back; and what providers say of their own.

use std::cell::RefCell;
use std::rc::Rc;

use modelwire::chat::ChatRequest;
use modelwire::engine::limits::{Amount, Ask, Gate};
use modelwire::engine::{Engine, Plan};
use modelwire::error::ErrorKind;
use modelwire::http::ResponseHead;
use modelwire::object;
use modelwire::options::ClientOptions;
use modelwire::policy::limit::{Bucket, Change, Limit, Rate};
use modelwire::policy::shared::change_shared;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::crowd::Crowd;
use crate::fake_host::{FakeHost, Reply, now_or_never, run};
use crate::framing::value;
use crate::schedules::plain;

fn gate(limits: &Value) -> Rc<Gate> {
    let options = json!({ "providers": {}, "limits": limits });
    Engine::new(ClientOptions::read(plain(&options)).unwrap()).gate().clone()
}

fn ask(tokens: f64, priority: f64) -> Ask<'static> {
    Ask {
        key: "openai/m",
        amount: Amount { requests: 1.0, input_tokens: tokens, output_tokens: 0.0 },
        priority,
        max_wait_ms: None,
        runs: true,
    }
}

/// Starts a call that takes some time, and notes when it was let in.
async fn call(gate: &Rc<Gate>, host: &FakeHost, ask: Ask<'_>, ms: f64, granted: &RefCell<Vec<(f64, usize)>>, who: usize) {
    use modelwire::host::Host;
    let mut permit = gate.acquire(host, &ask).await.unwrap();
    granted.borrow_mut().push((host.clock.get(), who));
    if ms > 0.0 {
        host.sleep(ms).await;
    }
    permit.settle(host, Some(ask.amount.input_tokens as u64), Some(0));
}

// ─────────────────────────────────────────── one bucket

proptest! {
    #[test]
    fn a_bucket_never_grants_more_than_its_burst_and_its_rate_in_any_window(
        per_minute in 1.0..6000.0_f64,
        burst in 1.0..200.0_f64,
        asks in prop::collection::vec((0.0..3000.0_f64, 0.1..1.0_f64), 1..120),
    ) {
        let rate = Rate { per_minute, burst, stretches: false };
        let (mut bucket, mut now, mut granted) = (Bucket::default(), 1_000_000.0, Vec::new());
        for (pause, share) in asks {
            now += pause;
            let amount = share * burst;
            if bucket.wait_ms(&rate, amount, now) == 0.0 {
                bucket.take(&rate, amount, now);
                granted.push((now, amount));
            }
        }
        for first in 0..granted.len() {
            let mut sum = 0.0;
            for (at, amount) in &granted[first..] {
                sum += amount;
                let most = burst + per_minute * (at - granted[first].0) / 60_000.0;
                prop_assert!(sum <= most + 1e-3, "{sum} in a window that allows {most}");
            }
        }
    }

    #[test]
    fn what_a_bucket_says_to_wait_is_enough_and_not_too_much(per_minute in 1.0..6000.0_f64, burst in 1.0..200.0_f64, shares in prop::collection::vec(0.1..1.0_f64, 1..40)) {
        let rate = Rate { per_minute, burst, stretches: false };
        let (mut bucket, mut now) = (Bucket::default(), 5.0e11);
        for share in shares {
            let amount = share * burst;
            let wait = bucket.wait_ms(&rate, amount, now);
            if wait > 1.0 {
                prop_assert!(bucket.wait_ms(&rate, amount, now + wait - 1.0) > 0.0, "a millisecond before, it is not there");
            }
            now += wait;
            prop_assert!(bucket.wait_ms(&rate, amount, now) <= 1e-3);
            bucket.take(&rate, amount, now);
        }
    }

    #[test]
    fn a_shared_limit_is_the_same_bucket_and_survives_any_state(
        asks in prop::collection::vec((0.0..2000.0_f64, 1.0..5.0_f64), 1..40),
        garbage in prop::collection::vec(any::<u8>(), 0..40),
        cut in 0..60_usize,
    ) {
        let rate = Rate { per_minute: 600.0, burst: 10.0, stretches: false };
        let (mut bucket, mut state, mut now) = (Bucket::default(), None::<Vec<u8>>, 1.7e12);
        for (pause, amount) in asks {
            now += pause;
            let costs = || plain(&json!([{ "bucket": "requests", "amount": amount, "perMinute": 600.0, "burst": 10.0 }]));
            let (new, wait) = change_shared(state.as_deref(), now, &Change::Take.to_text(costs()));
            let expected = bucket.wait_ms(&rate, amount, now);
            prop_assert!((wait - expected).abs() < 1e-2, "{wait} and {expected}");
            if expected == 0.0 {
                bucket.take(&rate, amount, now);
            }
            // Cut anywhere, or something else altogether: as good as fresh, and no panic.
            let broken = &new[..cut.min(new.len().saturating_sub(1))];
            for state in [broken, &garbage] {
                let (_, wait) = change_shared(Some(state), now, &Change::Take.to_text(costs()));
                prop_assert_eq!(wait, 0.0);
            }
            state = Some(new);
        }
        prop_assert_eq!(change_shared(state.as_deref(), now, "{").1, 0.0);
    }
}

#[test]
fn a_large_prompt_stretches_the_burst_of_tokens_up_to_a_minute() {
    let options = modelwire::policy::limit::LimitOptions { tokens_per_minute: Some(6_000.0), ..Default::default() };
    let mut limit = Limit::new("openai".into(), options);
    let tokens = |tokens: f64| Amount { requests: 1.0, input_tokens: tokens, output_tokens: 0.0 };
    assert_eq!(limit.wait_ms(&tokens(6_000.0), 0.0).0, 0.0);
    assert!(limit.never(&tokens(6_000.0)).is_none());
    assert_eq!(
        limit.never(&tokens(6_001.0)).unwrap(),
        "this needs 6001 tokens, and the limit \"openai\" never grants more than 6000 at once"
    );
    limit.take(&tokens(6_000.0), 0.0);
    // Six seconds hold a tenth; the whole minute was taken.
    assert_eq!(limit.wait_ms(&tokens(600.0), 0.0).0, 60_000.0);
}

#[test]
fn what_a_key_is_for() {
    let matches = |key: &str, target: &str| Limit::new(key.into(), Default::default()).matches(target);
    for (key, target, expected) in [
        ("openai", "openai/gpt-6-luna", true),
        ("openai", "openai", true),
        ("openai", "openai2/gpt-6-luna", false),
        ("openai/gpt-6-luna", "openai/gpt-6-luna", true),
        ("openai/gpt-6-luna", "openai/gpt-6-luna-mini", false),
        ("openai/*", "openai/gpt-6-luna", true),
        ("*", "anything/at-all", true),
        ("*/llama-*", "groq/llama-3", true),
        ("*/llama-*", "groq/qwen", false),
        ("openai/gpt-*-mini", "openai/gpt-6-mini", true),
        ("openai/gpt-*-mini", "openai/gpt-6-mini-2", false),
        ("openai/o*o", "openai/o", false),
    ] {
        assert_eq!(matches(key, target), expected, "{key} for {target}");
    }
}

// ─────────────────────────────────────────── waiting

#[test]
fn calls_start_when_the_limit_lets_them() {
    let gate = gate(&json!({ "openai": { "requestsPerMinute": 60, "burst": 2 } }));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    for who in 0..5 {
        crowd.add(call(&gate, &host, ask(0.0, 0.0), 0.0, &granted, who));
    }
    assert!(crowd.run(&host));
    assert_eq!(*granted.borrow(), [(0.0, 0), (0.0, 1), (1000.0, 2), (2000.0, 3), (3000.0, 4)]);
}

#[test]
fn priority_goes_ahead_and_age_catches_up() {
    let gate = gate(&json!({ "openai": { "requestsPerMinute": 60, "burst": 1 } }));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    for (who, priority) in [(0, 0.0), (1, 0.0), (2, 0.0), (3, 1.0), (4, -1.0)] {
        crowd.add(call(&gate, &host, ask(0.0, priority), 0.0, &granted, who));
    }
    crowd.settle();
    host.clock.set(15_000.0);
    // One step of priority is ten seconds: who has waited for fifteen is before him.
    crowd.add(call(&gate, &host, ask(0.0, 1.0), 0.0, &granted, 5));
    assert!(crowd.run(&host));
    let order: Vec<usize> = granted.borrow().iter().map(|(_, who)| *who).collect();
    assert_eq!(order, [0, 3, 1, 2, 5, 4]);
}

#[test]
fn no_more_run_at_once_than_may_and_who_goes_makes_room() {
    let gate = gate(&json!({ "openai": { "maxConcurrent": 2 } }));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    for who in 0..5 {
        crowd.add(call(&gate, &host, ask(0.0, 0.0), 100.0, &granted, who));
    }
    crowd.settle();
    assert_eq!(value(&gate.status(0.0))[0]["running"], json!(2));
    assert_eq!(value(&gate.status(0.0))[0]["waiting"], json!(3));
    assert!(crowd.run(&host));
    assert_eq!(granted.borrow().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0.0, 0.0, 100.0, 100.0, 200.0]);
    assert_eq!(value(&gate.status(0.0))[0]["running"], json!(0));
}

#[test]
fn who_gives_up_holds_nobody_up_and_costs_nothing() {
    let gate = gate(&json!({ "openai": { "requestsPerMinute": 60, "burst": 1, "tokensPerMinute": 60_000, "maxConcurrent": 1 } }));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    let numbers: Vec<usize> = (0..4).map(|who| crowd.add(call(&gate, &host, ask(500.0, 0.0), 50.0, &granted, who))).collect();
    crowd.settle();
    // The one that runs, and the one that is next.
    crowd.drop_task(numbers[0]);
    crowd.drop_task(numbers[1]);
    assert!(crowd.run(&host));
    assert_eq!(*granted.borrow(), [(0.0, 0), (1000.0, 2), (2000.0, 3)]);
    let status = value(&gate.status(1.0e9));
    assert_eq!((&status[0]["running"], &status[0]["waiting"], &status[0]["remainingRequests"]), (&json!(0), &json!(0), &json!(1)));
}

#[test]
fn a_large_call_is_not_starved_by_small_ones_of_another_lane() {
    let gate = gate(&json!({ "openai": { "tokensPerMinute": 6_000 }, "openai/small": { "maxConcurrent": 100 } }));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    let small = || Ask { key: "openai/small", amount: Amount { requests: 1.0, input_tokens: 100.0, output_tokens: 0.0 }, ..ask(0.0, 0.0) };
    let mut who = 0;
    for _ in 0..8 {
        crowd.add(call(&gate, &host, small(), 0.0, &granted, who));
        who += 1;
    }
    crowd.add(call(&gate, &host, ask(5_000.0, 0.0), 0.0, &granted, 1000));
    for _ in 0..50 {
        crowd.add(call(&gate, &host, small(), 0.0, &granted, who));
        who += 1;
    }
    assert!(crowd.run(&host));
    let place = granted.borrow().iter().position(|(_, who)| *who == 1000).unwrap();
    assert!(place <= 9, "it was let in as number {place}");
}

#[test]
fn a_wait_that_is_too_long_fails_at_once_and_says_how_long_it_would_be() {
    let gate = gate(&json!({ "openai": { "requestsPerMinute": 60, "burst": 1, "maxWaitMs": 1500 } }));
    let host = FakeHost::new([]);
    let (granted, refused) = (RefCell::new(Vec::<(f64, usize)>::new()), RefCell::new(Vec::new()));
    let mut crowd = Crowd::default();
    for who in 0..4 {
        let (gate, host, granted, refused) = (&gate, &host, &granted, &refused);
        crowd.add(async move {
            match gate.acquire(host, &ask(0.0, 0.0)).await {
                Ok(_) => granted.borrow_mut().push((host.clock.get(), who)),
                Err(error) => refused.borrow_mut().push((host.clock.get(), error)),
            }
        });
    }
    assert!(crowd.run(&host));
    assert_eq!(*granted.borrow(), [(0.0, 0), (1000.0, 1)]);
    for ((at, error), wait) in refused.borrow().iter().zip([2000, 2000]) {
        assert_eq!((*at, error.kind, error.status, error.retry_after_ms), (0.0, ErrorKind::RateLimit, None, Some(wait)));
        assert!(error.message.contains("\"openai\"") && error.message.contains("maxWaitMs"), "{}", error.message);
    }
}

#[test]
fn a_wait_that_others_make_too_long_ends_when_it_is() {
    let gate = gate(&json!({ "openai": { "requestsPerMinute": 60, "burst": 1 } }));
    let host = FakeHost::new([]);
    let (granted, ended) = (RefCell::default(), RefCell::new(None));
    let mut crowd = Crowd::default();
    crowd.add(call(&gate, &host, ask(0.0, 0.0), 0.0, &granted, 0));
    {
        let (gate, host, ended) = (&gate, &host, &ended);
        crowd.add(async move {
            let error = gate.acquire(host, &Ask { max_wait_ms: Some(1200.0), ..ask(0.0, 0.0) }).await.err().unwrap();
            *ended.borrow_mut() = Some((host.clock.get(), error.kind));
        });
    }
    for who in 1..4 {
        crowd.add(call(&gate, &host, ask(0.0, 1.0), 0.0, &granted, who));
    }
    assert!(crowd.run(&host));
    assert_eq!(*ended.borrow(), Some((1200.0, ErrorKind::RateLimit)));
    assert_eq!(granted.borrow().len(), 4);
}

#[test]
fn what_can_never_fit_is_an_error_and_not_a_wait_without_end() {
    let gate = gate(&json!({ "openai": { "requestsPerMinute": 60, "tokensPerMinute": 1000 } }));
    let host = FakeHost::new([]);
    let error = now_or_never(gate.acquire(&host, &ask(1001.0, 0.0))).unwrap().err().unwrap();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.contains("1001 tokens") && error.message.contains("1000"), "{}", error.message);
}

#[test]
fn ten_thousand_wait_for_the_same_price_as_ten() {
    let polls = |count: usize| {
        let gate = gate(&json!({ "openai": { "requestsPerMinute": 6_000, "burst": 1 } }));
        let (host, granted) = (FakeHost::new([]), RefCell::default());
        let mut crowd = Crowd::default();
        for who in 0..count {
            crowd.add(call(&gate, &host, ask(0.0, 0.0), 0.0, &granted, who));
        }
        crowd.settle();
        assert!(host.timers.borrow().len() <= 1, "one sleeps for all");
        // Time passes by hand: `run` looks at every task for every tick.
        while host.pass_time() {
            crowd.settle();
        }
        let order: Vec<usize> = granted.borrow().iter().map(|(_, who)| *who).collect();
        assert_eq!(order, (0..count).collect::<Vec<_>>());
        crowd.polls as f64 / count as f64
    };
    let (few, many) = (polls(10), polls(10_000));
    assert!(many <= few * 1.5 + 1.0, "{many} polls a call, and {few} when few wait");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whoever_can_fit_is_let_in_whatever_comes_later(
        calls in prop::collection::vec((0.0..900.0_f64, 1.0..900.0_f64, -2.0..3.0_f64, any::<bool>()), 1..60),
    ) {
        let gate = gate(&json!({
            "openai": { "tokensPerMinute": 6_000, "requestsPerMinute": 120, "burst": 3 },
            "openai/m": { "maxConcurrent": 4 },
        }));
        let (host, granted) = (FakeHost::new([]), RefCell::default());
        let mut crowd = Crowd::default();
        let mut taken = Vec::new();
        for (who, (pause, tokens, priority, other)) in calls.iter().enumerate() {
            let asked = Ask { key: if *other { "openai/n" } else { "openai/m" }, ..ask(tokens.ceil(), *priority) };
            taken.push(asked.amount.input_tokens);
            crowd.add(call(&gate, &host, asked, 20.0, &granted, who));
            crowd.settle();
            host.clock.set(host.clock.get() + pause);
            while host.timers.borrow().values().any(|(due, _)| *due <= host.clock.get()) {
                host.pass_time();
                crowd.settle();
            }
        }
        prop_assert!(crowd.run(&host), "nobody waits for ever");
        let granted = granted.borrow();
        prop_assert_eq!(granted.len(), calls.len());
        for first in 0..granted.len() {
            let (mut requests, mut tokens, mut largest) = (0.0, 0.0, 600.0_f64);
            for (at, who) in &granted[first..] {
                requests += 1.0;
                tokens += taken[*who];
                largest = largest.max(taken[*who]);
                let minutes = (at - granted[first].0) / 60_000.0;
                prop_assert!(requests <= 3.0 + 120.0 * minutes + 1e-3);
                prop_assert!(tokens <= largest + 600.0 + 6_000.0 * minutes + 1e-3, "{tokens} tokens within {minutes} minutes");
            }
        }
    }
}

// ─────────────────────────────────────────── settling and learning

#[test]
fn what_was_not_used_is_there_for_others() {
    let gate = gate(&json!({ "openai": { "tokensPerMinute": 6_000 } }));
    let host = FakeHost::new([]);
    let left = || value(&gate.status(host.clock.get()))[0]["remainingTokens"].as_u64().unwrap();
    let mut permit = now_or_never(gate.acquire(&host, &ask(500.0, 0.0))).unwrap().unwrap();
    assert_eq!(left(), 100);
    permit.settle(&host, Some(50), Some(20));
    assert_eq!(left(), 530);
    permit.settle(&host, Some(0), Some(0));
    assert_eq!(left(), 530, "once");
    drop(permit);
    drop(now_or_never(gate.acquire(&host, &ask(500.0, 0.0))).unwrap().unwrap());
    assert_eq!(left(), 530, "who never said what it used used nothing");
    let mut permit = now_or_never(gate.acquire(&host, &ask(100.0, 0.0))).unwrap().unwrap();
    permit.settle(&host, Some(700), None);
    assert_eq!(left(), 0, "what was used beyond the estimate is owed");
}

fn head(status: u16, headers: &[(&str, &str)]) -> ResponseHead {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ResponseHead { status, headers, received_at_ms: 0.0 }
}

#[test]
fn a_limit_follows_the_providers_own_figures_downwards() {
    type Row = (&'static str, &'static [(&'static str, &'static str)], u64, u64);
    let table: [Row; 6] = [
        ("openai", &[("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-remaining-tokens", "200")], 3, 200),
        ("openai", &[("x-ratelimit-remaining-requests", "300"), ("x-ratelimit-remaining-tokens", "99999")], 10, 600),
        ("anthropic", &[("anthropic-ratelimit-requests-remaining", "2"), ("anthropic-ratelimit-tokens-remaining", "10")], 2, 10),
        ("azure", &[("x-ratelimit-remaining-requests", "-1"), ("x-ratelimit-remaining-tokens", "0")], 0, 0),
        ("groq", &[("x-ratelimit-remaining-requests", "nonsense")], 10, 600),
        ("cohere", &[], 10, 600),
    ];
    for (provider, headers, requests, tokens) in table {
        let gate = gate(&json!({ provider: { "requestsPerMinute": 100, "tokensPerMinute": 6_000 } }));
        let host = FakeHost::new([]);
        gate.learn(&host, &format!("{provider}/m"), &head(200, headers), None);
        let status = value(&gate.status(0.0));
        assert_eq!(
            (&status[0]["remainingRequests"], &status[0]["remainingTokens"]),
            (&json!(requests), &json!(tokens)),
            "{provider} {headers:?}"
        );
    }
    let deaf = gate(&json!({ "openai": { "requestsPerMinute": 100, "learn": false } }));
    deaf.learn(&FakeHost::new([]), "openai/m", &head(429, &[("x-ratelimit-remaining-requests", "0")]), Some(5000));
    assert_eq!(value(&deaf.status(0.0))[0]["remainingRequests"], json!(10));
}

#[test]
fn a_429_stops_everybody_until_it_is_over() {
    let options =
        json!({ "providers": { "openai": { "apiKey": [false], "api": "chat" } }, "limits": { "openai": { "requestsPerMinute": 600 } } });
    let engine = Engine::new(ClientOptions::read(plain(&options)).unwrap());
    let hello =
        r#"{"id":"c1","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello"}}]}"#;
    let limited =
        Reply::Answers(429, vec![("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1m30s")], vec![b"{}".to_vec()]);
    let host = FakeHost::new([limited, crate::fake_host::json(200, hello), crate::fake_host::json(200, hello)]);
    let request = || Plan::from(ChatRequest::read(object! { "model": "openai/m", "messages": "Hi" }).unwrap());
    let response = run(&host, engine.chat(&host, request())).unwrap().unwrap();
    assert_eq!((host.clock.get(), response.attempts.len(), response.timing.waited_ms), (90_200.0, 2, 90_000.0));
    let events: Vec<&str> = host.told.borrow().iter().map(|(event, _)| *event).collect();
    assert_eq!(events, ["request", "limit", "retry", "request", "cost"]);
    let status: Value = serde_json::from_str(&host.told.borrow()[1].1).unwrap();
    assert_eq!(
        (&status["key"], &status["remainingRequests"], &status["resetAt"]),
        (&json!("openai"), &json!(0), &json!("1970-01-01T00:01:30.100Z"))
    );
}

#[test]
fn times_as_servers_write_them() {
    let reset = |value: &str, at: f64| {
        let headers = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", value)];
        ResponseHead { received_at_ms: at, ..head(429, &headers) }.reset_after_ms()
    };
    for (text, at, expected) in [
        ("1s", 0.0, Some(1_000)),
        ("6m0s", 0.0, Some(360_000)),
        ("12ms", 0.0, Some(12)),
        ("1m30.5s", 0.0, Some(90_500)),
        ("2h", 0.0, Some(7_200_000)),
        ("0s", 0.0, Some(0)),
        ("7.66s", 0.0, Some(7_660)),
        ("20", 0.0, Some(20_000)),
        ("0.5", 0.0, Some(500)),
        ("1700000010", 1_700_000_000_000.0, Some(10_000)),
        ("1700000010500", 1_700_000_000_000.0, Some(10_500)),
        ("2023-11-14T22:13:30Z", 1_700_000_000_000.0, Some(10_000)),
        ("2023-11-14T23:13:30.5+01:00", 1_700_000_000_000.0, Some(10_500)),
        ("2023-11-14T22:13:10Z", 1_700_000_000_000.0, None),
        ("soon", 0.0, None),
        ("", 0.0, None),
    ] {
        assert_eq!(reset(text, at), expected, "{text}");
    }
}

#[test]
fn a_limit_in_a_store_is_asked_there_and_settled_there() {
    let options = json!({ "openai": { "requestsPerMinute": 60, "burst": 2, "tokensPerMinute": 60_000, "scope": { "$store": 3 } } });
    // Two clients, one store.
    let (one, other) = (gate(&options), gate(&options));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    for who in 0..3 {
        crowd.add(call(&one, &host, ask(10.0, 0.0), 0.0, &granted, who));
        crowd.add(call(&other, &host, ask(10.0, 0.0), 0.0, &granted, who + 10));
    }
    assert!(crowd.run(&host));
    let times: Vec<f64> = granted.borrow().iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0.0, 0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
    assert_eq!(host.states.borrow().keys().collect::<Vec<_>>(), [&(3, "limit:openai".to_owned())]);
}

#[test]
fn of_two_stores_none_keeps_what_the_other_made_wait() {
    let limit = |rate: u32, store: u32| json!({ "requestsPerMinute": rate, "burst": 1, "scope": { "$store": store } });
    let gate = gate(&json!({ "openai": limit(60, 1), "openai/m": limit(6, 2) }));
    let (host, granted) = (FakeHost::new([]), RefCell::default());
    let mut crowd = Crowd::default();
    for who in 0..2 {
        crowd.add(call(&gate, &host, ask(0.0, 0.0), 0.0, &granted, who));
    }
    crowd.settle();
    host.clock.set(1000.0);
    crowd.add(call(&gate, &host, Ask { key: "openai/n", ..ask(0.0, 0.0) }, 0.0, &granted, 7));
    assert!(crowd.run(&host));
    assert_eq!(*granted.borrow(), [(0.0, 0), (1000.0, 7), (10_000.0, 1)]);
}

#[test]
fn places_that_all_tabs_share_are_given_back() {
    let gate = gate(&json!({ "openai": { "maxConcurrent": 2, "requestsPerMinute": 600, "scope": { "$origin": 4 } } }));
    let host = FakeHost::new([]);
    let permit = now_or_never(gate.acquire(&host, &ask(0.0, 0.0))).unwrap().unwrap();
    let other = now_or_never(gate.acquire(&host, &ask(0.0, 0.0))).unwrap().unwrap();
    assert_eq!(host.places.get(), 2);
    // Who waits for one gives up in time, and holds nothing then.
    let error = run(&host, gate.acquire(&host, &Ask { max_wait_ms: Some(500.0), ..ask(0.0, 0.0) })).unwrap().err().unwrap();
    assert_eq!((error.kind, host.clock.get()), (ErrorKind::RateLimit, 1500.0));
    drop((permit, other));
    assert_eq!((host.places.get(), value(&gate.status(0.0))[0]["running"].as_u64()), (0, Some(0)));
}
