//! A limit that is kept in a store: its state as bytes, and what is done to it inside the store's own
//! transaction.
//!
//! The clock is the store's. A call that crashed between taking and settling has used what it took, which
//! flows back in; nothing else is lost with it.

use super::{Bucket, Rate};
use crate::json::{Json, body_text};
use crate::object;

/// Of the format; a state of another one is none.
const VERSION: u64 = 1;

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// All of it or nothing.
    Take,
    /// What was used beyond what was taken, or (less than nothing) what was not.
    Settle,
    /// No more than this is left.
    Learn,
    /// Nothing before a time.
    Drain,
}

impl Change {
    const ALL: [Self; 4] = [Self::Take, Self::Settle, Self::Learn, Self::Drain];

    fn word(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Settle => "settle",
            Self::Learn => "learn",
            Self::Drain => "drain",
        }
    }

    /// The text that [`crate::policy::shared::change_shared`] takes. `costs`: a list of `{bucket, amount, perMinute, burst}`; the
    /// amount of a drain is in milliseconds from now.
    pub fn to_text(self, costs: Json<'_>) -> String {
        let mut change = Json::object();
        change.set(self.word(), costs);
        change.to_text()
    }
}

/// Changes the state of a shared limit. `change`: of [`Change::to_text`]. Gives the new state, and the wait
/// in milliseconds: 0 when everything was taken, and for other changes.
pub fn change_shared(state: Option<&[u8]>, now: f64, change: &Json<'_>) -> (Vec<u8>, f64) {
    let mut buckets = read(state.unwrap_or_default());
    let mut wait_ms = 0.0_f64;
    for kind in Change::ALL {
        let costs = change.get(kind.word()).items();
        if kind == Change::Take {
            for cost in costs {
                let (rate, amount) = (rate_of(cost), number(cost, "amount"));
                wait_ms = wait_ms.max(bucket(&mut buckets, cost.get("bucket").text()).wait_ms(&rate, amount, now));
            }
        }
        for cost in costs {
            let (rate, amount) = (rate_of(cost), number(cost, "amount"));
            let bucket = bucket(&mut buckets, cost.get("bucket").text());
            match kind {
                Change::Take if wait_ms > 0.0 => {}
                Change::Take => bucket.take(&rate, amount, now),
                Change::Settle => bucket.settle(&rate, amount),
                Change::Learn => bucket.lower(&rate, amount, now),
                Change::Drain => bucket.drain(now + amount),
            }
        }
    }
    (write(&buckets), wait_ms)
}

fn number(cost: &Json<'_>, field: &str) -> f64 {
    cost.get(field).f64().unwrap_or_default()
}

fn rate_of(cost: &Json<'_>) -> Rate {
    // A rate of nothing would be a wait without end.
    Rate { per_minute: number(cost, "perMinute").max(f64::MIN_POSITIVE), burst: number(cost, "burst"), stretches: false }
}

type Buckets = Vec<(String, Bucket)>;

fn bucket<'a>(buckets: &'a mut Buckets, name: &str) -> &'a mut Bucket {
    let index = buckets.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        buckets.push((name.to_owned(), Bucket::default()));
        buckets.len() - 1
    });
    &mut buckets[index].1
}

fn read(state: &[u8]) -> Buckets {
    let text = body_text(state);
    let read = Json::parse(&text).unwrap_or(Json::Null);
    if read.get("v").u64() != Some(VERSION) {
        return Buckets::new();
    }
    let time = |value: &Json<'_>| value.f64().filter(|ms| ms.is_finite()).unwrap_or_default();
    let buckets = read.get("buckets").members();
    buckets.iter().map(|(name, times)| (name.to_string(), Bucket::of(time(times.at(0)), time(times.at(1))))).collect()
}

fn write(buckets: &Buckets) -> Vec<u8> {
    let mut members = Json::object();
    for (name, bucket) in buckets {
        members.set(name.as_str(), Json::Array(vec![bucket.tat().into(), bucket.drained_until().into()]));
    }
    object! { "v": VERSION, "buckets": members }.to_text().into_bytes()
}
