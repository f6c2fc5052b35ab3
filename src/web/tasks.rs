//! Work that waits for promises of JavaScript's, and the promise of what it comes to.
//!
//! In place of wasm-bindgen-futures: that makes two closures with a finalizer for each promise that is awaited, and goes through
//! `queueMicrotask` (in Node an `AsyncResource`) before it looks at what came. A call awaits some ten promises, and they were most of what
//! it cost. Here two functions serve all of them, each bound to the number of who waits, and who waits is polled in the same turn.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use js_sys::{Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

use super::alarm;
use super::table::Table;

#[wasm_bindgen]
extern "C" {
    type Callback;

    #[wasm_bindgen(method)]
    fn bind(this: &Callback, context: &JsValue, number: u32) -> Function;

    type Thenable;

    #[wasm_bindgen(method)]
    fn then(this: &Thenable, resolved: &Function, rejected: &Function) -> JsValue;
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    work: RefCell<Work>,
    waker: Waker,
    /// In workerd: has it polled where it belongs. See [`Task::arm`].
    bell: RefCell<Option<Bell>>,
}

struct Bell {
    /// Resolves the promise. None: it has rung.
    ring: Option<Function>,
    _waiting: Waiting,
}

impl Task {
    /// In workerd all I/O is of the request in whose turn it begins, and ends with that. Whoever wakes another request's task (by giving room
    /// under a limit) must not poll it: what it does next would not outlive him. A promise's callbacks run for who has made them.
    fn arm(&self) {
        let mut ring = None;
        let promise = Promise::new(&mut |resolve, _| ring = Some(resolve));
        let waiting = wait_for(&promise);
        with_wait(waiting.0, |wait| wait.waker = Some(self.waker.clone()));
        let before = self.bell.replace(Some(Bell { ring, _waiting: waiting }));
        drop(before);
    }

    fn is_armed(&self) -> bool {
        self.bell.borrow().as_ref().is_some_and(|bell| bell.ring.is_some())
    }
}

/// A promise that somebody waits for.
#[derive(Default)]
struct Wait {
    waker: Option<Waker>,
    result: Option<Result<JsValue, JsValue>>,
}

/// What JavaScript calls, made once and kept.
struct Callbacks {
    /// The ends of a promise. Each is bound to a number.
    resolved: Callback,
    rejected: Callback,
    turn: Function,
}

thread_local! {
    static TASKS: RefCell<Table<Rc<Task>>> = const { RefCell::new(Table::new()) };
    static READY: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    /// By number, in its order. Not a `Table`: a promise that nobody waits for any more settles all the same, and must not be another's.
    static WAITS: RefCell<Vec<(u32, Wait)>> = const { RefCell::new(Vec::new()) };
    static LAST: Cell<u32> = const { Cell::new(0) };
    /// Whoever wakes somebody now need not see to it that the ready are polled.
    static POLLING: Cell<bool> = const { Cell::new(false) };
    /// Whether tasks are to be polled in turns of their own requests only.
    static ALONE: Cell<bool> = const { Cell::new(false) };
    /// Whether who is woken now is woken by a promise of its own.
    static IN_OWN_TURN: Cell<bool> = const { Cell::new(false) };
    static CALLBACKS: Callbacks = Callbacks {
        resolved: Closure::<dyn FnMut(u32, JsValue)>::new(|number, value| came(number, Ok(value))).into_js_value().unchecked_into(),
        rejected: Closure::<dyn FnMut(u32, JsValue)>::new(|number, thrown| came(number, Err(thrown))).into_js_value().unchecked_into(),
        turn: Closure::<dyn FnMut()>::new(poll_ready).into_js_value().unchecked_into(),
    };
}

/// By number: a waker has to be fit for threads, a task is not.
struct Waking(u32);

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        if ALONE.get() && !IN_OWN_TURN.get() {
            let task = TASKS.with_borrow(|tasks| tasks.get(self.0).cloned());
            let ring = task.and_then(|task| task.bell.borrow_mut().as_mut().and_then(|bell| bell.ring.take()));
            if let Some(ring) = ring {
                let _ = ring.call0(&JsValue::UNDEFINED);
            }
            return;
        }
        let is_first = READY.with_borrow_mut(|ready| {
            ready.push(self.0);
            ready.len() == 1
        });
        // Not in this turn: whoever wakes is in the middle of something.
        if is_first && !POLLING.get() {
            CALLBACKS.with(|callbacks| then(&JsValue::UNDEFINED, &callbacks.turn, &callbacks.turn));
        }
    }
}

fn spawn(work: impl Future<Output = ()> + 'static) {
    let number = TASKS.with_borrow_mut(|tasks| {
        tasks.insert_with(|number| {
            Rc::new(Task { work: RefCell::new(Box::pin(work)), waker: Arc::new(Waking(number)).into(), bell: RefCell::default() })
        })
    });
    READY.with_borrow_mut(|ready| ready.push(number));
    poll_ready();
}

/// The promise of some work, which begins at once.
pub fn promise(work: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let mut ends = None;
    let promise = Promise::new(&mut |resolve, reject| ends = Some((resolve, reject)));
    spawn(async move {
        let result = work.await;
        if let Some((resolve, reject)) = ends {
            let (end, value) = match result {
                Ok(value) => (resolve, value),
                Err(error) => (reject, error),
            };
            let _ = end.call1(&JsValue::UNDEFINED, &value);
        }
    });
    promise
}

/// Polls those who are ready, and those who become so meanwhile.
fn poll_ready() {
    // Somebody further up is at it.
    if POLLING.replace(true) {
        return;
    }
    while let Some(number) = READY.with_borrow_mut(|ready| if ready.is_empty() { None } else { Some(ready.remove(0)) }) {
        let Some(task) = TASKS.with_borrow(|tasks| tasks.get(number).cloned()) else { continue };
        let Ok(mut work) = task.work.try_borrow_mut() else { continue };
        if ALONE.get() && !task.is_armed() {
            task.arm();
        }
        if work.as_mut().poll(&mut Context::from_waker(&task.waker)).is_ready() {
            drop(work);
            let over = TASKS.with_borrow_mut(|tasks| tasks.remove(number));
            drop(over);
        }
    }
    POLLING.set(false);
    alarm::rest_idle();
}

/// Whether somebody is polled now.
pub fn is_turning() -> bool {
    POLLING.get()
}

/// From now on each task is polled in turns of its own request only.
pub fn leave_alone() {
    ALONE.set(true);
}

/// A promise has come to something.
fn came(number: u32, result: Result<JsValue, JsValue>) {
    // Nobody is at it at the beginning of a turn, unless an exception went through this module in an earlier one.
    POLLING.set(false);
    let waker = with_wait(number, |wait| {
        wait.result = Some(result);
        wait.waker.take()
    });
    if let Some(waker) = waker.flatten() {
        IN_OWN_TURN.set(true);
        in_turn(|| {
            waker.wake();
            IN_OWN_TURN.set(false);
        });
    }
}

/// Wakes somebody while nothing here is borrowed: who is woken is polled in this turn.
pub fn in_turn(wake: impl FnOnce()) {
    let is_outermost = !POLLING.replace(true);
    wake();
    if is_outermost {
        POLLING.set(false);
        poll_ready();
    }
}

fn then(value: &JsValue, resolved: &Function, rejected: &Function) {
    Promise::resolve(value).unchecked_ref::<Thenable>().then(resolved, rejected);
}

fn with_wait<T>(number: u32, work: impl FnOnce(&mut Wait) -> T) -> Option<T> {
    WAITS.with_borrow_mut(|waits| {
        let index = waits.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(work(&mut waits.get_mut(index)?.1))
    })
}

/// Forgets a wait when nobody waits any more.
struct Waiting(u32);

impl Drop for Waiting {
    fn drop(&mut self) {
        let wait = WAITS.with_borrow_mut(|waits| {
            let index = waits.binary_search_by_key(&self.0, |(number, _)| *number).ok()?;
            Some(waits.remove(index))
        });
        drop(wait);
    }
}

fn wait_for(promise: &JsValue) -> Waiting {
    let number = LAST.get() + 1;
    LAST.set(number);
    WAITS.with_borrow_mut(|waits| waits.push((number, Wait::default())));
    CALLBACKS.with(|Callbacks { resolved, rejected, .. }| {
        let none = &JsValue::UNDEFINED;
        then(promise, &resolved.bind(none, number), &rejected.bind(none, number));
    });
    Waiting(number)
}

/// A value, or a promise of one, awaited.
pub async fn settle(value: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    let value = value?;
    // Most keys are strings, and are there.
    if !value.is_object() {
        return Ok(value);
    }
    let waiting = wait_for(&value);
    poll_fn(|context| {
        let polled = with_wait(waiting.0, |wait| match wait.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                wait.waker = Some(context.waker().clone());
                Poll::Pending
            }
        });
        polled.unwrap_or(Poll::Pending)
    })
    .await
}

/// A promise whose end is of no interest: a rejection that nobody waits for would be reported as unhandled.
pub fn ignore(value: Result<JsValue, JsValue>) {
    if let Ok(value) = value {
        CALLBACKS.with(|Callbacks { rejected, .. }| {
            let nobody = rejected.bind(&JsValue::UNDEFINED, 0);
            then(&value, &nobody, &nobody);
        });
    }
}
