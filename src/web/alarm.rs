//! The sleeps of one client, which share one timer.
//!
//! Nearly all of them are times that are not over when what they watch is: a call begins some four and ends them all. With a timer and a
//! promise each, they cost it more than its JSON.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use wasm_bindgen::prelude::*;

use super::host::JsHost;
use super::table::Table;
use super::tasks;

struct Sleep {
    number: u32,
    /// Milliseconds since 1970.
    at: f64,
    waker: Waker,
}

/// The sleeps, and when the timer rings.
pub struct Alarm {
    js: Rc<JsHost>,
    number: Cell<u32>,
    sleeps: RefCell<Vec<Sleep>>,
    last: Cell<u32>,
    /// Infinity: there is no timer.
    set_for: Cell<f64>,
}

thread_local! {
    static ALARMS: RefCell<Table<Weak<Alarm>>> = const { RefCell::new(Table::new()) };
    /// Those that nothing sleeps for any more, perhaps only until the turn goes on.
    static IDLE: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

impl Alarm {
    /// The alarm of a client.
    pub fn new(js: Rc<JsHost>) -> Rc<Self> {
        let alarm = Rc::new(Self {
            js,
            number: Cell::default(),
            sleeps: RefCell::default(),
            last: Cell::default(),
            set_for: Cell::new(f64::INFINITY),
        });
        alarm.number.set(ALARMS.with_borrow_mut(|alarms| alarms.insert(Rc::downgrade(&alarm))));
        alarm
    }

    /// Waits until `at`, in milliseconds since 1970.
    pub async fn sleep(&self, now: f64, at: f64) {
        let asleep = Asleep { alarm: self, number: self.last.get().wrapping_add(1) };
        self.last.set(asleep.number);
        let mut is_set = false;
        poll_fn(|context| {
            let mut sleeps = self.sleeps.borrow_mut();
            let waker = context.waker().clone();
            match sleeps.iter_mut().find(|sleep| sleep.number == asleep.number) {
                Some(sleep) => sleep.waker = waker,
                None if is_set => return Poll::Ready(()),
                None => sleeps.push(Sleep { number: asleep.number, at, waker }),
            }
            drop(sleeps);
            if !std::mem::replace(&mut is_set, true) && at < self.set_for.get() {
                self.set(now, at);
            }
            Poll::Pending
        })
        .await;
    }

    /// Negative: for never.
    fn set(&self, now: f64, at: f64) {
        self.set_for.set(at);
        // A clock that fails is one that never rings.
        let _ = self.js.alarm(self.number.get(), if at.is_finite() { (at - now).max(0.0) } else { -1.0 });
    }

    /// A timer keeps a process alive: it is stopped when nothing sleeps.
    fn rest(&self) {
        if self.sleeps.borrow().is_empty() && self.set_for.get().is_finite() {
            self.set(0.0, f64::INFINITY);
        }
    }

    /// The timer has rung: what it was set for is over, whatever the clock says.
    fn ring(&self, now: f64) {
        let time = self.set_for.replace(f64::INFINITY);
        let mut sleeps = self.sleeps.borrow_mut();
        let mut over = Vec::new();
        let next = loop {
            let first = sleeps.iter().enumerate().min_by(|(_, one), (_, other)| one.at.total_cmp(&other.at));
            match first.map(|(index, sleep)| (index, sleep.at)) {
                Some((index, at)) if at <= time => over.push(sleeps.remove(index).waker),
                first => break first.map_or(f64::INFINITY, |(_, at)| at),
            }
        };
        drop(sleeps);
        if next.is_finite() {
            self.set(now, next);
        }
        tasks::in_turn(|| over.into_iter().for_each(Waker::wake));
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        ALARMS.with_borrow_mut(|alarms| drop(alarms.remove(self.number.get())));
    }
}

struct Asleep<'a> {
    alarm: &'a Alarm,
    number: u32,
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        let mut sleeps = self.alarm.sleeps.borrow_mut();
        sleeps.retain(|sleep| sleep.number != self.number);
        let none_left = sleeps.is_empty();
        drop(sleeps);
        if none_left {
            // The next time limit of the same call mostly begins in the same turn: the timer is there for it.
            match tasks::is_turning() {
                true => IDLE.with_borrow_mut(|idle| idle.push(self.alarm.number.get())),
                false => self.alarm.rest(),
            }
        }
    }
}

/// A turn is over.
pub fn rest_idle() {
    for number in IDLE.take() {
        if let Some(alarm) = ALARMS.with_borrow(|alarms| alarms.get(number).and_then(Weak::upgrade)) {
            alarm.rest();
        }
    }
}

/// The timer of an alarm has run out.
#[wasm_bindgen]
pub fn ring(alarm: u32, now: f64) {
    if let Some(alarm) = ALARMS.with_borrow(|alarms| alarms.get(alarm).and_then(Weak::upgrade)) {
        alarm.ring(now);
    }
}
