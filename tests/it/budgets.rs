//! Budgets that clients share in a store.

use modelwire::engine::Engine;
use modelwire::error::ErrorKind;
use modelwire::open_stream::{OpenStream, Progress};
use modelwire::options::ClientOptions;
use modelwire::policy::budget::{BudgetOptions, NO_ROOM, Per};
use modelwire::policy::limit::Scope;
use modelwire::policy::shared::change_shared;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::costs::catalogue;
use crate::fake_host::{FakeHost, Reply, now_or_never, open};
use crate::framing::value;
use crate::schedules::plain;

const NOON: f64 = 1_795_435_200_000.0;
const DAY_MS: f64 = 86_400_000.0;

fn budget(limit: u64, per: Per) -> BudgetOptions {
    BudgetOptions { limit, per, scope: Scope::Store(1), ..BudgetOptions::default() }
}

proptest! {
    #[test]
    fn no_order_of_changes_spends_more_than_the_budget(
        limit in 0..1_000_u64, steps in prop::collection::vec((any::<bool>(), 0..400_u64, 0..3_u8), 0..60),
    ) {
        let budget = budget(limit, Per::Day);
        let (mut state, mut now, mut held) = (None::<Vec<u8>>, NOON, Vec::new());
        let mut spent = 0;
        for (takes, amount, days) in steps {
            if days == 2 {
                (now, spent) = (now + DAY_MS, 0);
            }
            let change = if takes { budget.spending(amount, true) } else {
                let Some((amount, at)) = held.pop() else { continue };
                if at > now - 1.0 { spent -= amount; }
                budget.giving_back(amount, at)
            };
            let (new, total) = change_shared(state.as_deref(), now, &change);
            prop_assert_eq!(total == NO_ROOM, takes && spent + amount > limit);
            if takes && total != NO_ROOM {
                held.push((amount, now));
                spent += amount;
            }
            prop_assert!(total == NO_ROOM || total == spent as f64, "{total} instead of {spent}");
            prop_assert!(spent <= limit);
            state = Some(new);
        }
    }
}

#[test]
fn a_state_that_is_none_is_the_beginning() {
    let budget = budget(10, Per::Month);
    for state in [&b""[..], b"{", b"null", br#"{"v":2,"period":"2026-11","spent":10}"#, br#"{"v":1,"period":"2026-10","spent":10}"#] {
        assert_eq!(change_shared(Some(state), NOON, &budget.spending(10, true)).1, 10.0);
    }
    let kept = br#"{"v":1,"period":"2026-11","spent":10}"#;
    assert_eq!(change_shared(Some(kept), NOON, &budget.spending(1, true)).1, NO_ROOM);
    assert_eq!(change_shared(Some(kept), NOON, &budget.spending(1, false)).1, 11.0, "what was spent elsewhere is spent");
}

#[test]
fn the_name_of_a_budget_says_whose_it_is_and_not_how_much() {
    let tag = |name: &str| (name.to_owned(), "x".to_owned());
    let of = |limit, tags: &[&str], warns| {
        BudgetOptions { tags: tags.iter().map(|name| tag(name)).collect(), warns, ..budget(limit, Per::Day) }.store_key()
    };
    assert_eq!(of(1, &["b", "a"], false), of(2, &["a", "b"], false));
    assert_ne!(of(1, &["a"], false), of(1, &["b"], false));
    assert_ne!(of(1, &[], true), of(1, &[], false));
}

fn engine(budget: Value) -> Engine {
    let options = json!({ "providers": { "openai": { "apiKey": [false] } }, "budget": budget, "retry": false });
    Engine::new(ClientOptions::read(plain(&options)).unwrap())
}

fn host() -> FakeHost {
    let host = FakeHost::default();
    host.clock.set(NOON);
    host.keys.borrow_mut().push(("openai".into(), "sk-test".into()));
    *host.catalogue.borrow_mut() = Some(catalogue());
    host
}

fn ask(engine: &Engine, host: &FakeHost) -> Result<OpenStream, Box<modelwire::error::Error>> {
    host.replies.borrow_mut().push_back(Reply::Answers(200, vec![("content-type", "text/event-stream")], Vec::new()));
    // 30 dollars a million tokens of output: 256 of them, reserved, are 0.00768.
    let request = json!({ "model": "openai/gpt-5.5", "messages": "Hi" });
    open(engine, host, engine.plan(plain(&request)).unwrap())
}

fn delta(bytes: usize) -> String {
    format!("data: {}\n\n", json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "delta": { "content": "x".repeat(bytes) } }] }))
}

#[test]
fn what_one_client_holds_is_not_there_for_another() {
    let (host, budget) = (host(), json!({ "usd": 0.01, "per": "day", "scope": { "$store": 1 } }));
    let (first, second) = (engine(budget.clone()), engine(budget));
    let held = ask(&first, &host).unwrap();
    let Err(refused) = ask(&second, &host) else { panic!("there is no room for two") };
    assert_eq!(refused.kind, ErrorKind::Budget);
    assert_eq!(host.requests.borrow().len(), 1, "nothing is sent");
    drop(held);
    host.replies.borrow_mut().clear();
    // Dropped by its caller, and what it reserved is there again.
    assert!(ask(&second, &host).is_ok());
}

#[test]
fn a_store_that_fails_stops_the_call_before_it_is_sent() {
    let (host, engine) = (host(), engine(json!({ "usd": 1, "per": "month", "scope": { "$store": 1 } })));
    host.store_breaks.set(true);
    let Err(error) = ask(&engine, &host) else { panic!("nobody said that there is money") };
    assert_eq!(error.kind, ErrorKind::Storage);
    assert!(host.requests.borrow().is_empty());
}

/// Feeds pieces until the stream ends, asking the store as a driver does: how many were fed, how often it was asked.
fn drive(engine: &Engine, host: &FakeHost, stream: &mut OpenStream, hold: &modelwire::policy::budget::Hold) -> (usize, usize) {
    let mut asked = 0;
    for fed in 1..1_000 {
        let mut progress = stream.feed(delta(400).as_bytes(), NOON).unwrap();
        if progress == Progress::Lease {
            asked += 1;
            now_or_never(engine.lease(host, hold)).unwrap();
            progress = stream.feed(&[], NOON).unwrap();
        }
        if progress == Progress::Done {
            return (fed, asked);
        }
    }
    panic!("it was never stopped")
}

#[test]
fn a_stream_is_stopped_when_the_store_grants_no_more() {
    let budget = json!({ "usd": 0.1, "per": "day", "scope": { "$store": 1 } });
    for breaks in [false, true] {
        let (host, engine) = (host(), engine(budget.clone()));
        host.replies.borrow_mut().push_back(Reply::Answers(200, vec![("content-type", "text/event-stream")], Vec::new()));
        let request = json!({ "model": "openai/gpt-5.5", "messages": "Hi" });
        let mut stream = OpenStream::new(engine.begin(&host, engine.call(&host), engine.plan(plain(&request)).unwrap()));
        let (_, ticket) = now_or_never(engine.go_on(&host, &mut stream, &mut |_| {})).unwrap().unwrap();
        host.store_breaks.set(breaks);
        let (fed, asked) = drive(&engine, &host, &mut stream, ticket.as_ref().unwrap().hold.as_ref().unwrap());
        let events = stream.batch().events().iter().map(value).collect::<Vec<_>>();
        let response = &events.last().unwrap()["response"];
        assert_eq!(response["finishReason"], "budget");
        let tokens = response["usage"]["outputTokens"].as_u64().unwrap();
        if breaks {
            assert_eq!(response["warnings"][0]["code"], "budget-store");
            continue;
        }
        // 0.1 dollars are 3,333 tokens; each piece is 100.
        assert!((3_300..=3_433).contains(&tokens), "{tokens} tokens in {fed} pieces");
        assert!(asked < 20, "asked {asked} times for {fed} pieces");
        let spent = stream.spent();
        engine.settle(&host, ticket.unwrap(), &modelwire::engine::Outcome::Answered(&spent));
        let state = host.states.borrow()[&(1, "budget:day".to_owned())].clone().unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(state["spent"].as_u64().unwrap(), spent.cost.unwrap().pico, "what was granted and not used is given back");
    }
}

#[test]
fn a_text_is_metered_by_its_tokens_where_a_tokenizer_is_loaded() {
    let (host, engine) = (host(), engine(json!({ "usd": 0.02, "per": "request" })));
    // One token a word: here of 99 letters and a space, which by bytes would be 25.
    host.tokenizer.set(true);
    let mut stream = ask(&engine, &host).unwrap();
    let word = "w".repeat(99) + " ";
    let piece =
        format!("data: {}\n\n", json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "delta": { "content": word.repeat(10) } }] }));
    let fed = (1..1_000).find(|_| stream.feed(piece.as_bytes(), NOON).unwrap() == Progress::Done).unwrap();
    // 0.02 dollars are 666 tokens, less those of the input.
    assert!((66..=67).contains(&fed), "{fed} pieces of ten words");
}
