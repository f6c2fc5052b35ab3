//! Streams that fail anywhere, any number of times: nothing is delivered twice, and nothing that was
//! delivered is lost.

use modelwire::engine::Engine;
use modelwire::options::ClientOptions;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fake_host::{FakeHost, Reply, run};
use crate::schedules::{plain, read_stream, reply};

/// What one attempt comes to.
#[derive(Clone, Debug)]
enum Script {
    Refused(u16),
    Unreachable,
    /// So many bytes of a whole answer, then an end or a break.
    Stream {
        cut: usize,
        breaks: bool,
    },
}

fn script() -> impl Strategy<Value = Script> {
    prop_oneof![
        prop::sample::select(vec![408, 429, 500, 503, 529, 401, 404]).prop_map(Script::Refused),
        Just(Script::Unreachable),
        (0..900_usize, any::<bool>()).prop_map(|(cut, breaks)| Script::Stream { cut, breaks }),
    ]
}

/// The answer of attempt `number`: words that no other attempt says.
fn stream(number: usize) -> String {
    let delta = |content: &str| json!({ "id": format!("c{number}"), "model": "m", "choices": [{ "index": 0, "delta": { "content": content }, "finish_reason": null }] });
    let words = (0..4).map(|word| format!("data: {}\n\n", delta(&format!("{number}.{word} ")))).collect::<String>();
    let end = json!({ "id": format!("c{number}"), "model": "m", "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    format!("data: {}\n\n{words}data: {end}\n\ndata: [DONE]\n\n", delta(""))
}

fn replies(scripts: &[Script]) -> Vec<Reply> {
    let one = |(number, script): (usize, &Script)| match script {
        Script::Refused(status) => reply(&json!({ "status": status, "body": "{}" })),
        Script::Unreachable => Reply::Fails("socket hang up"),
        Script::Stream { cut, breaks } => {
            let whole = stream(number);
            let pieces = [&whole[..(*cut).min(whole.len())]];
            reply(&if *breaks {
                json!({ "status": 200, "pieces": pieces, "breaks": "reset" })
            } else {
                json!({ "status": 200, "pieces": pieces })
            })
        }
    };
    let mut list: Vec<Reply> = scripts.iter().enumerate().map(one).collect();
    // Whoever is asked after all these answers.
    list.extend((0..40).map(|more| reply(&json!({ "status": 200, "pieces": [stream(scripts.len() + more)] }))));
    list
}

proptest! {
    #[test]
    fn no_event_is_delivered_twice_after_a_retry_or_a_fallback(scripts in prop::collection::vec(script(), 0..9), mid_stream in any::<bool>()) {
        let options = json!({
            "providers": { "openai": { "apiKey": [false], "api": "chat" }, "groq": { "apiKey": [false] } },
            "fallback": { "midStream": mid_stream },
        });
        let engine = Engine::new(ClientOptions::read(plain(&options)).unwrap());
        let host = FakeHost::new(replies(&scripts));
        host.keys.borrow_mut().push(("groq".into(), "gsk-fake-key-of-groq".into()));
        let request = json!({ "model": ["openai/a", "groq/b", "openai/c"], "messages": "Hi" });
        let (events, result) = read_stream(&engine, &host, engine.plan(plain(&request)).unwrap());

        let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<&Value>>();
        let text: String = of("text-delta").iter().map(|event| event["text"].as_str().unwrap()).collect();
        let (kept, attempts) = match &result {
            Ok(()) => {
                let response = &events.last().unwrap()["response"];
                (response["text"].as_str().unwrap().to_owned(), response["attempts"].as_array().unwrap().len())
            }
            Err(error) => (error.partial.as_ref().map(|partial| partial.text.clone()).unwrap_or_default(), error.attempts.len()),
        };
        prop_assert_eq!(&text, &kept, "what was delivered is what is kept");
        // Each word once, and those of one attempt in their order.
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut sorted = words.clone();
        sorted.sort_unstable_by_key(|word| word.split('.').map(|part| part.parse::<usize>().unwrap()).collect::<Vec<_>>());
        prop_assert_eq!(&words, &sorted);
        sorted.dedup();
        prop_assert_eq!(words.len(), sorted.len());
        // It begins once; what was tried before comes before, and what goes on says so.
        prop_assert!(of("start").len() <= 1 && of("end").len() <= 1);
        let start = events.iter().position(|event| event["type"] == "start").unwrap_or(events.len());
        prop_assert!(events.iter().skip(start).all(|event| event["type"] != "retry"));
        prop_assert_eq!(attempts, host.requests.borrow().len(), "every request is an attempt");
        let speakers = words.iter().map(|word| word.split('.').next()).collect::<std::collections::HashSet<_>>().len();
        prop_assert!(of("continue").len() + 1 >= speakers);
        prop_assert!(mid_stream || of("continue").is_empty());
        prop_assert_eq!(host.open.get(), 0);
    }
}

#[test]
fn an_idempotency_key_is_one_for_all_attempts_of_a_turn_and_not_sent_from_pages() {
    let options = json!({ "providers": { "openai": { "apiKey": [false], "api": "chat" } } });
    let sent = |page: bool| {
        let engine = Engine::new(ClientOptions::read(plain(&options)).unwrap());
        let host = FakeHost { page, ..FakeHost::new(replies(&[Script::Refused(500), Script::Unreachable])) };
        for _ in 0..2 {
            read_stream(&engine, &host, engine.plan(plain(&json!({ "model": "openai/a", "messages": "Hi" }))).unwrap()).1.unwrap();
            host.clock.set(host.clock.get() + 1.0);
        }
        let requests = host.requests.borrow();
        let key = |request: &modelwire::http::HttpRequest| {
            request.headers.iter().find(|(name, _)| name == "idempotency-key").map(|(_, value)| format!("{value:?}"))
        };
        requests.iter().map(key).collect::<Vec<_>>()
    };
    let keys = sent(false);
    assert_eq!(keys.len(), 4);
    assert!(keys[0].is_some() && keys[0] == keys[1] && keys[1] == keys[2]);
    assert!(sent(true).iter().all(Option::is_none));
}

#[test]
fn a_call_that_may_have_been_made_before_is_known_by_the_key_that_it_is_given() {
    let options = json!({ "providers": { "openai": { "apiKey": [false], "api": "chat" } } });
    let engine = Engine::new(ClientOptions::read(plain(&options)).unwrap());
    let host = FakeHost::new(replies(&[Script::Refused(500), Script::Unreachable]));
    for _ in 0..2 {
        let call = engine.call(&host);
        call.known_by(Some("job".to_owned()));
        let plan = engine.plan(plain(&json!({ "model": "openai/a", "messages": "Hi" }))).unwrap();
        run(&host, engine.answer(&host, &call, plan)).expect("it ends").expect_err("it fails");
        assert_ne!(call.id(), "job");
    }
    let requests = host.requests.borrow();
    let key = |request: &modelwire::http::HttpRequest| {
        request.headers.iter().find(|(name, _)| name == "idempotency-key").map(|(_, value)| format!("{value:?}"))
    };
    let keys: Vec<_> = requests.iter().map(key).collect();
    assert!(keys.len() >= 4 && keys.iter().all(|key| key.as_deref().is_some_and(|key| key.contains("job-1"))), "{keys:?}");
}
