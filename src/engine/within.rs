//! Work that has so much time and no more.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::call::Call;
use crate::error::Result;
use crate::host::Host;

/// What the work gives; `None`, and the work is dropped, when it takes longer. The clock starts when the
/// work first has to be waited for.
pub async fn within<H: Host, F: Future>(host: &H, ms: f64, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut rest = pin!(host.sleep(ms));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending => rest.as_mut().poll(context).map(|()| None),
        Poll::Ready(done) => Poll::Ready(Some(done)),
    })
    .await
}

/// The work, unless the time of the whole call is over before. Boxed by the caller: it is the whole
/// call, and a copy of it here would be in the module twice.
pub async fn in_time<H: Host, T>(host: &H, call: &Call, work: Pin<Box<dyn Future<Output = Result<T>> + '_>>) -> Result<T> {
    let Some(deadline) = call.deadline() else { return work.await };
    let left = deadline - host.now();
    let done = if left > 0.0 { within(host, left, work).await } else { None };
    done.unwrap_or_else(|| Err(call.failed(call.late(), host.now())))
}
