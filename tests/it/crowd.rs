//! Many futures at once, in virtual time: each is polled when it is woken and not otherwise, and the polls
//! are counted.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::fake_host::FakeHost;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task<'a> {
    work: Pin<Box<dyn Future<Output = ()> + 'a>>,
    woken: Arc<Flag>,
}

/// What runs.
#[derive(Default)]
pub struct Crowd<'a> {
    tasks: Vec<Option<Task<'a>>>,
    /// How often anything was polled.
    pub polls: usize,
}

impl<'a> Crowd<'a> {
    /// Adds work; its number.
    pub fn add(&mut self, work: impl Future<Output = ()> + 'a) -> usize {
        self.tasks.push(Some(Task { work: Box::pin(work), woken: Arc::new(Flag(AtomicBool::new(true))) }));
        self.tasks.len() - 1
    }

    /// Drops work that is under way.
    pub fn drop_task(&mut self, number: usize) {
        self.tasks[number] = None;
    }

    /// Polls who is woken until nobody is.
    pub fn settle(&mut self) {
        loop {
            let mut any = false;
            for slot in &mut self.tasks {
                let Some(task) = slot else { continue };
                if !task.woken.0.swap(false, Ordering::Relaxed) {
                    continue;
                }
                any = true;
                self.polls += 1;
                let waker = Waker::from(task.woken.clone());
                if let Poll::Ready(()) = task.work.as_mut().poll(&mut Context::from_waker(&waker)) {
                    *slot = None;
                }
            }
            if !any {
                return;
            }
        }
    }

    /// Runs to the end: when all wait, time passes. False when some wait for ever.
    pub fn run(&mut self, host: &FakeHost) -> bool {
        loop {
            self.settle();
            if self.tasks.iter().all(Option::is_none) {
                return true;
            }
            if !host.pass_time() {
                return false;
            }
        }
    }
}
