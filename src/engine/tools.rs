//! Running one tool: what the host does, bounded in time.

use super::within::within;
use crate::host::Host;
use crate::policy::tools::{Step, ToolOutput, timed_out};

/// What came of one call. Never an error: the model is told.
pub async fn run_step<H: Host>(host: &H, step: &Step) -> ToolOutput {
    let (handle, call_id, input, timeout_ms) = match step {
        Step::Refuse(why) => return ToolOutput::failed(why.clone()),
        Step::Run { handle, call_id, input, timeout_ms } => (*handle, call_id, input, *timeout_ms),
    };
    let run = host.tool(handle, call_id, input);
    let result = match timeout_ms {
        None => run.await,
        // The one that loses is dropped, which aborts the tool's signal or clears the timer.
        Some(ms) => within(host, ms as f64, run).await.unwrap_or_else(|| Err(timed_out(ms))),
    };
    result.unwrap_or_else(ToolOutput::failed)
}
