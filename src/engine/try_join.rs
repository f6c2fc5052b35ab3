//! Several pieces of work side by side, until one fails.
//!
//! In place of `futures_util`'s `try_join_all`, which is made for any number of futures on any number
//! of threads and weighs five kilobytes of the module; here it is a handful, each of which wakes all.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::mem::take;
use std::pin::Pin;
use std::task::Poll;

use crate::error::Result;

/// One piece of work. Boxed, so that waiting is compiled once.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// See [`apart`].
pub type Apart<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Work that is loaded later than who waits for it: see [`crate::host::Host::whole`]. Without this the compiler would see through the
/// box, and the caller would name the code that is not there yet.
pub fn apart<'a, T>(work: impl Future<Output = T> + 'a) -> Apart<'a, T> {
    black_box(Box::pin(work))
}

/// What all of them give, in order. The first failure is the result, and drops the others.
pub async fn try_join<T>(work: Vec<Work<'_, T>>) -> Result<Vec<T>> {
    let mut slots: Vec<Slot<'_, T>> = work.into_iter().map(Slot::Running).collect();
    poll_fn(move |context| {
        let mut running = false;
        for slot in &mut slots {
            if let Slot::Running(work) = slot {
                match work.as_mut().poll(context) {
                    Poll::Pending => running = true,
                    Poll::Ready(Ok(value)) => *slot = Slot::Done(value),
                    Poll::Ready(Err(error)) => {
                        slots.clear();
                        return Poll::Ready(Err(error));
                    }
                }
            }
        }
        if running {
            return Poll::Pending;
        }
        let done = take(&mut slots).into_iter().filter_map(|slot| if let Slot::Done(value) = slot { Some(value) } else { None });
        Poll::Ready(Ok(done.collect()))
    })
    .await
}

enum Slot<'a, T> {
    Running(Work<'a, T>),
    Done(T),
}
