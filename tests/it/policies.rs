//! Decisions by themselves, for any input: back-off, the budget of retries, breakers, key pools, seams.

use modelwire::chat::{ChatRequest, Message, ToolChoice};
use modelwire::error::{Error, ErrorKind};
use modelwire::object;
use modelwire::policy::breaker::Breaker;
use modelwire::policy::fallback::{Candidate, Order, order};
use modelwire::policy::keys::KeyPool;
use modelwire::policy::retry::{Moment, RetryBudget, RetryOptions, Said, Verdict};
use modelwire::policy::seam::{Seam, can_continue, continuation};
use modelwire::policy::timeout::{Timeout, TimeoutOptions};
use proptest::prelude::*;

fn failed(kind: ErrorKind) -> Box<Error> {
    Error::new(kind, "no")
}

fn at(attempt: u32, random: f64) -> Moment {
    Moment { attempt, elapsed_ms: 0.0, left_ms: None, random }
}

proptest! {
    #[test]
    fn back_off_stays_within_its_bounds(
        attempt in 1..40_u32, random in 0.0..1.0_f64, base in 0.0..5000.0_f64, factor in 1.0..10.0_f64, most in 0.0..60_000.0_f64,
    ) {
        let options = RetryOptions {
            max_attempts: Some(100), base_delay_ms: Some(base), factor: Some(factor), max_delay_ms: Some(most), ..RetryOptions::default()
        };
        let bound = (base * factor.powi(attempt as i32 - 1)).min(most);
        let Verdict::Again(delay) = options.verdict(&failed(ErrorKind::Server), &at(attempt, random), None) else { panic!("retried") };
        prop_assert!((0.0..=bound * (1.0 + 1e-9)).contains(&delay), "{delay} of {bound}");
        let whole = RetryOptions { jitter: Some(false), ..options }.verdict(&failed(ErrorKind::Server), &at(attempt, random), None);
        let Verdict::Again(whole) = whole else { panic!("retried") };
        prop_assert!((whole - bound).abs() <= bound * 1e-9);
    }

    #[test]
    fn nothing_is_waited_for_that_comes_after_the_deadline(
        hint in prop::option::of(0..100_000_u64), elapsed in 0.0..20_000.0_f64, total in 0.0..30_000.0_f64, left in prop::option::of(0.0..30_000.0_f64), random in 0.0..1.0_f64,
    ) {
        let mut error = failed(ErrorKind::RateLimit);
        error.retry_after_ms = hint;
        let options = RetryOptions { max_total_ms: Some(total), ..RetryOptions::default() };
        let moment = Moment { attempt: 1, elapsed_ms: elapsed, left_ms: left, random };
        match options.verdict(&error, &moment, None) {
            Verdict::Again(delay) => prop_assert!(elapsed + delay < total && left.is_none_or(|left| delay < left)),
            Verdict::TooLate => {}
            Verdict::No => prop_assert!(false, "a rate limit passes"),
        }
    }

    #[test]
    fn retries_are_few_when_all_calls_fail(calls in 1..400_u32, gap in 0.0..3_000.0_f64) {
        let mut budget = RetryBudget::default();
        let mut spent: Vec<f64> = Vec::new();
        let mut made: Vec<f64> = Vec::new();
        for call in 0..calls {
            let now = 1.7e12 + f64::from(call) * gap;
            budget.call(now);
            made.push(now);
            for _ in 0..2 {
                if budget.spend(now) {
                    spent.push(now);
                }
            }
            // A minute, less the five seconds that a slot lasts.
            let within = |list: &[f64]| list.iter().filter(|at| now - **at < 55_000.0).count();
            let lately = made.iter().filter(|at| now - **at < 60_000.0).count();
            prop_assert!(within(&spent) <= 10.max(lately.div_ceil(10)), "{} of {lately}", within(&spent));
        }
        prop_assert!(spent.len() >= 10.min(2 * calls as usize));
    }

    #[test]
    fn half_open_one_call_at_a_time(failures in 3..6_u32, later in 0.0..20_000.0_f64) {
        let mut breaker = Breaker::default();
        for _ in 0..failures {
            prop_assert!(breaker.allows(0.0) || breaker.opens_at() > 0.0);
            breaker.failed(&failed(ErrorKind::Server), 0.0, 10_000.0);
        }
        prop_assert_eq!(breaker.allows(later), later >= 10_000.0);
        breaker.began(10_000.0);
        prop_assert!(!breaker.allows(10_001.0), "a probe is out");
        let mut dropped = breaker.clone();
        dropped.abandoned();
        prop_assert!(dropped.allows(10_001.0));
        let mut worked = breaker.clone();
        worked.succeeded();
        prop_assert!(worked.allows(10_001.0));
        breaker.failed(&failed(ErrorKind::Server), 10_001.0, 10_000.0);
        prop_assert!(!breaker.allows(20_000.0) && breaker.allows(20_001.0));
    }

    #[test]
    fn the_second_part_is_joined_without_what_it_repeats(
        said in "[a-d ]{0,60}", rest in "[a-d ]{0,40}", overlap in 0..40_usize, cuts in prop::collection::vec(0..80_usize, 0..6),
    ) {
        // What goes on repeats so much of the end of what was said.
        let overlap = overlap.min(said.len());
        let second = format!("{}{rest}", &said[said.len() - overlap..]);
        let whole = join(&said, &[&second]);
        prop_assert!(whole.starts_with(&said));
        // Any cut of it gives the same.
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(second.len())).chain([0, second.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|cut| &second[cut[0]..cut[1]]).collect();
        prop_assert_eq!(join(&said, &pieces), whole.clone());
        // What is left out was said, directly before.
        let left_out = said.len() + second.len() - whole.len();
        prop_assert!(said.ends_with(&second[..left_out]));
        prop_assert!(overlap < 8 || left_out >= overlap, "a repetition of {overlap} was kept");
    }

    #[test]
    fn every_target_is_in_every_order_once(weights in prop::collection::vec((0.0..5.0_f64, prop::option::of(0.0..9.0_f64)), 1..9), seed in 0.0..1.0_f64) {
        let candidates: Vec<Candidate> = weights.iter().map(|(weight, usd)| Candidate { weight: *weight, usd: *usd, first_token_ms: *usd }).collect();
        for by in [Order::Given, Order::Cheapest, Order::Fastest, Order::Weighted] {
            let mut drawn = seed;
            let made = order(by, &candidates, &mut || { drawn = (drawn * 7.31 + 0.17).fract(); drawn });
            let mut sorted = made.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..candidates.len()).collect::<Vec<_>>());
            if by == Order::Cheapest {
                let prices: Vec<f64> = made.iter().map(|index| candidates[*index].usd.unwrap_or(f64::INFINITY)).collect();
                prop_assert!(prices.is_sorted());
            }
        }
    }
}

fn join(said: &str, pieces: &[&str]) -> String {
    let mut seam = Seam::new(said);
    let mut whole = said.to_owned();
    for piece in pieces {
        whole.push_str(&seam.push(piece));
    }
    whole.push_str(&seam.finish());
    whole
}

#[test]
fn weights_are_shares() {
    let candidates = [1.0, 3.0, 0.0].map(|weight| Candidate { weight, ..Candidate::default() });
    let mut first = [0; 3];
    for step in 0..1000 {
        let mut drawn = f64::from(step) / 1000.0;
        let made = order(Order::Weighted, &candidates, &mut || std::mem::replace(&mut drawn, 0.5));
        first[made[0]] += 1;
    }
    assert_eq!(first, [250, 750, 0]);
}

#[test]
fn a_short_likeness_is_no_repetition_and_what_was_not_shown_comes_once() {
    for (said, second, whole) in [
        ("ha", "ha", "haha"),
        ("The end. The", " The", "The end. The The"),
        ("over the lazy", "over the lazy dog", "over the lazy dog"),
        ("One, ", " two", "One, two"),
        ("One,\n\n", "\n\ntwo", "One,\n\ntwo"),
        ("", "All of it", "All of it"),
        ("naïve café", "naïve café au lait", "naïve café au lait"),
    ] {
        assert_eq!(join(said, &[second]), whole);
    }
}

#[test]
fn what_when_says_counts_within_attempts_and_time() {
    let options = RetryOptions::default();
    let wrong = failed(ErrorKind::InvalidRequest);
    assert_eq!(options.verdict(&wrong, &at(1, 0.5), None), Verdict::No);
    assert_eq!(options.verdict(&wrong, &at(1, 0.5), Some(Said::Yes)), Verdict::Again(250.0));
    assert_eq!(options.verdict(&wrong, &at(1, 0.5), Some(Said::AfterMs(7.0))), Verdict::Again(7.0));
    assert_eq!(options.verdict(&failed(ErrorKind::Server), &at(1, 0.5), Some(Said::No)), Verdict::No);
    assert_eq!(options.verdict(&wrong, &at(3, 0.5), Some(Said::Yes)), Verdict::No);
    let soon = Moment { left_ms: Some(100.0), ..at(1, 0.5) };
    assert_eq!(options.verdict(&wrong, &soon, Some(Said::AfterMs(100.0))), Verdict::TooLate);
    // What this client itself gave up waiting for may still be worked on.
    for timeout in [Timeout::FirstToken, Timeout::Idle, Timeout::Total] {
        let error = TimeoutOptions { total_ms: Some(9.0), ..TimeoutOptions::default() }.error(timeout);
        assert_eq!(options.verdict(&error, &at(1, 0.5), None), Verdict::No);
    }
}

#[test]
fn a_pool_uses_a_key_while_it_works() {
    let mut pool = KeyPool::new(&[false, false, false]);
    let mut hint = failed(ErrorKind::RateLimit);
    hint.retry_after_ms = Some(5_000);
    assert_eq!(pool.pick(0.0), 0);
    assert!(pool.failed(0, &hint, 0.0));
    assert_eq!(pool.pick(0.0), 1);
    assert!(!pool.failed(1, &failed(ErrorKind::Server), 0.0), "that was not the key's fault");
    assert!(pool.failed(1, &failed(ErrorKind::Authentication), 0.0));
    assert!(!pool.failed(2, &failed(ErrorKind::Quota), 0.0), "nobody is left");
    assert_eq!(pool.pick(0.0), 0, "the one whose time is nearest");
    assert_eq!(pool.pick(6_000.0), 0);
    assert_eq!(pool.pick(1.0e12), 2, "the one that was turned to last, when it is well again");
    pool.replace(&[false]);
    assert_eq!((pool.pick(0.0), pool.health().len()), (0, 1));
    assert!(KeyPool::new(&[]).is_empty() && KeyPool::new(&[]).pick(0.0) == 0);
}

#[test]
fn an_answer_goes_on_with_what_was_said_and_so_much_less_to_say() {
    let mut request = ChatRequest::read(object! { "messages": "Hi", "maxTokens": 10_u64 }).unwrap();
    let made = continuation(&request, "Four and twenty blackbirds", false);
    assert_eq!((made.messages.len(), made.max_tokens), (3, Some(4)));
    assert!(matches!(made.messages.last(), Some(Message::User { .. })));
    let made = continuation(&request, &"é".repeat(400), true);
    assert_eq!((made.messages.len(), made.max_tokens), (2, Some(1)));
    assert!(matches!(made.messages.last(), Some(Message::Assistant { .. })));
    assert_eq!(continuation(&request, "", false).messages.len(), 1, "nothing was said yet");
    assert!(can_continue(&request, false) && !can_continue(&request, true));
    request.tool_choice = Some(ToolChoice::Required);
    assert!(!can_continue(&request, false));
}
