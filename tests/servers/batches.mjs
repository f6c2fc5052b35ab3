// The batch APIs of OpenAI, Azure and Anthropic as their SDKs know them: files, batches, results. What becomes of each row is
// the test's to say. The SDKs read the same server (provider_batch.test.mjs), so that its shapes are theirs.
import { createServer } from "node:http";

/** What an answer of each format is. */
export const chatAnswer = (text, more) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_795_000_000,
  model: "gpt-5.5-2026-04-01",
  choices: [{ index: 0, finish_reason: "stop", logprobs: null, message: { role: "assistant", content: text, refusal: null } }],
  usage: { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 },
  service_tier: "default",
  ...more,
});
export const responsesAnswer = (text) => ({
  id: "resp_1",
  object: "response",
  status: "completed",
  model: "gpt-6-luna",
  output: [{ type: "message", id: "msg_1", role: "assistant", status: "completed", content: [{ type: "output_text", text, annotations: [] }] }],
  usage: { input_tokens: 1000, output_tokens: 10, total_tokens: 1010 },
});
export const message = (text, more) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-5-5",
  content: [{ type: "text", text }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1000, output_tokens: 10, service_tier: "batch" },
  ...more,
});

const lastWords = ({ messages, input }) => {
  const { content } = (messages ?? input).at(-1);
  return typeof content === "string" ? content : content.map(({ text }) => text).join("");
};

/**
 * `looks`: how often a batch is looked at until it is over. `becomes(text, index)`: what the row with this last message comes
 * to, `{answer}`, `{status, error}` (refused by the model's endpoint), "expired", "cancelled" or nothing at all (null).
 * `end`: how the batch ends. `order`: of the result lines. `intercept(request)`: an answer in place of the server's own.
 */
export async function batchServer({ looks = 2, becomes = (text) => ({ answer: `re: ${text}` }), end, order = (lines) => lines.reverse(), intercept, failure } = {}) {
  const requests = [];
  const files = new Map();
  const batches = new Map();
  let ids = 0;
  const seconds = 1_795_000_000;

  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(req.url, "http://server");
    const request = { method: req.method, path: url.pathname, query: url.search, headers: req.headers, body };
    requests.push(request);
    const say = (status, value, headers) => {
      res.writeHead(status, { "content-type": typeof value === "string" ? "application/octet-stream" : "application/json", "x-request-id": `req_${requests.length}`, "access-control-allow-origin": "*", "access-control-allow-headers": "*", ...headers });
      res.end(typeof value === "string" ? value : JSON.stringify(value));
    };
    if (req.method === "OPTIONS") return say(204, "");
    const instead = await intercept?.(request, { requests, batches, files });
    if (instead?.cut !== undefined) {
      res.writeHead(200, { "content-length": 1_000_000 });
      res.write(instead.cut);
      return setImmediate(() => res.destroy());
    }
    if (instead) return say(instead.status ?? 200, instead.body ?? "", instead.headers);
    const found = routes.find(([method, path]) => method === req.method && path.test(url.pathname));
    if (!found) return say(404, { error: { message: `nothing at ${req.method} ${req.url}`, type: "invalid_request_error" } });
    await found[2](say, { body, headers: req.headers, ids: found[1].exec(url.pathname).slice(1) });
  });

  const notFound = (say) => say(404, { error: { message: "No such object", type: "invalid_request_error", param: null, code: null } });

  // ── OpenAI and Azure

  async function upload(say, { body, headers }) {
    const form = await new Response(body, { headers: { "content-type": headers["content-type"] } }).formData();
    const file = form.get("file");
    if (form.get("purpose") !== "batch") return say(400, { error: { message: "purpose", type: "invalid_request_error" } });
    const id = `file-${++ids}`;
    files.set(id, await file.text());
    say(200, { id, object: "file", bytes: file.size, created_at: seconds, filename: file.name, purpose: "batch", status: "processed" });
  }

  function create(say, { body }) {
    const { input_file_id, endpoint, completion_window } = JSON.parse(body);
    if (!files.has(input_file_id) || completion_window !== "24h") return notFound(say);
    const id = `batch_${++ids}`;
    batches.set(id, {
      looked: 0,
      shown: {
        id, object: "batch", endpoint, errors: null, input_file_id, completion_window, status: "validating", output_file_id: null, error_file_id: null, created_at: seconds,
        in_progress_at: null, expires_at: seconds + 86_400, finalizing_at: null, completed_at: null, failed_at: null, expired_at: null, cancelling_at: null, cancelled_at: null,
        request_counts: { total: 0, completed: 0, failed: 0 }, metadata: null,
      },
    });
    say(200, batches.get(id).shown);
  }

  function look(say, { ids: [id] }) {
    const batch = batches.get(id);
    if (!batch) return notFound(say);
    const { shown } = batch;
    if (!["completed", "failed", "expired", "cancelled"].includes(shown.status)) {
      batch.looked++;
      const rows = files.get(shown.input_file_id).split("\n").filter(Boolean).map((line) => JSON.parse(line));
      if (batch.looked < looks) {
        shown.status = shown.status === "cancelling" ? "cancelling" : "in_progress";
        shown.request_counts = { total: rows.length, completed: Math.floor((rows.length * batch.looked) / looks), failed: 0 };
      } else finish(shown, rows);
    }
    say(200, shown);
  }

  function finish(shown, rows) {
    shown.status = shown.status === "cancelling" ? "cancelled" : (end ?? "completed");
    if (shown.status === "failed") {
      shown.errors = { object: "list", data: failure };
      return;
    }
    const [done, failed] = [[], []];
    rows.forEach(({ custom_id, url, body }, index) => {
      if (url !== shown.endpoint) throw new Error(`${url} in a batch of ${shown.endpoint}`);
      const what = becomes(lastWords(body), index);
      const line = (response, error = null) => ({ id: `batch_req_${++ids}`, custom_id, response, error });
      if (what === null) return;
      if (what === "expired") failed.push(line(null, { code: "batch_expired", message: "This request could not be executed before the completion window expired." }));
      else if (what === "cancelled") failed.push(line(null, { code: "batch_cancelled", message: "This request was cancelled." }));
      else if (what.answer !== undefined) {
        const answer = typeof what.answer !== "string" ? what.answer : url.endsWith("responses") ? responsesAnswer(what.answer) : chatAnswer(what.answer);
        done.push(line({ status_code: 200, request_id: `req_row_${index}`, body: answer }));
      } else failed.push(line({ status_code: what.status, request_id: `req_row_${index}`, body: { error: what.error } }));
    });
    const keep = (lines) => {
      const id = `file-${++ids}`;
      files.set(id, order(lines).map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
      return id;
    };
    if (done.length) shown.output_file_id = keep(done);
    if (failed.length) shown.error_file_id = keep(failed);
    shown.request_counts = { total: rows.length, completed: done.length, failed: failed.length };
  }

  function cancel(say, { ids: [id] }) {
    const batch = batches.get(id);
    if (!batch) return notFound(say);
    if (batch.shown.status === "completed") return say(409, { error: { message: "Cannot cancel a batch with status 'completed'.", type: "invalid_request_error" } });
    batch.shown.status = "cancelling";
    say(200, batch.shown);
  }

  // ── Anthropic

  const anthropicError = (say, status, type, text) => say(status, { type: "error", error: { type, message: text }, request_id: "req_e" });

  function createMessages(say, { body, headers }) {
    if (!headers["anthropic-version"]) return anthropicError(say, 400, "invalid_request_error", "anthropic-version: header is required");
    const { requests: rows } = JSON.parse(body);
    const id = `msgbatch_${++ids}`;
    batches.set(id, {
      looked: 0,
      rows,
      shown: {
        id, type: "message_batch", processing_status: "in_progress", request_counts: { processing: rows.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 }, ended_at: null,
        created_at: "2026-11-24T18:37:24.100435Z", expires_at: "2026-11-25T18:37:24.100435Z", archived_at: null, cancel_initiated_at: null, results_url: null,
      },
    });
    say(200, batches.get(id).shown);
  }

  function lookMessages(say, { ids: [id], headers }) {
    const batch = batches.get(id);
    if (!batch) return anthropicError(say, 404, "not_found_error", "no such batch");
    if (batch.shown.processing_status !== "ended" && ++batch.looked >= looks) {
      const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
      batch.results = batch.rows.flatMap(({ custom_id, params }, index) => {
        const what = becomes(lastWords(params), index);
        if (what === null) return [];
        const result =
          what === "expired" ? { type: "expired" }
          : what === "cancelled" ? { type: "canceled" }
          : what.answer !== undefined ? { type: "succeeded", message: typeof what.answer === "string" ? message(what.answer) : what.answer }
          : { type: "errored", error: { type: "error", error: what.error, request_id: `req_row_${index}` } };
        counts[result.type]++;
        return [{ custom_id, result }];
      });
      Object.assign(batch.shown, { processing_status: "ended", request_counts: counts, ended_at: "2026-11-24T19:37:24.100435Z", results_url: `http://${headers.host}/v1/messages/batches/${id}/results` });
    }
    say(200, batch.shown);
  }

  function cancelMessages(say, { ids: [id] }) {
    const { shown } = batches.get(id);
    if (shown.processing_status !== "ended") Object.assign(shown, { processing_status: "canceling", cancel_initiated_at: "2026-11-24T19:00:00Z" });
    say(200, shown);
  }

  function resultsOf(say, { ids: [id] }) {
    const { results } = batches.get(id) ?? {};
    if (!results) return anthropicError(say, 404, "not_found_error", "no results");
    say(200, order([...results]).map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""), { "content-type": "application/x-jsonl" });
  }

  const base = "^(?:/v1|/openai/v1|/openai)";
  const routes = [
    ["POST", /^\/v1\/messages\/batches$/, createMessages],
    ["GET", /^\/v1\/messages\/batches\/([^/]+)$/, lookMessages],
    ["POST", /^\/v1\/messages\/batches\/([^/]+)\/cancel$/, cancelMessages],
    ["GET", /^\/v1\/messages\/batches\/([^/]+)\/results$/, resultsOf],
    ["POST", new RegExp(`${base}/files$`), upload],
    ["GET", new RegExp(`${base}/files/([^/]+)$`), (say, { ids: [id] }) => (files.has(id) ? say(200, { id, object: "file", bytes: 1, created_at: seconds, filename: "f", purpose: "batch", status: "processed" }) : notFound(say))],
    ["GET", new RegExp(`${base}/files/([^/]+)/content$`), (say, { ids: [id] }) => (files.has(id) ? say(200, files.get(id)) : notFound(say))],
    ["POST", new RegExp(`${base}/batches$`), create],
    ["GET", new RegExp(`${base}/batches/([^/]+)$`), look],
    ["POST", new RegExp(`${base}/batches/([^/]+)/cancel$`), cancel],
  ];

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    requests,
    batches,
    files,
    /** "GET /v1/batches/batch_2", … */
    get asked() {
      return requests.map(({ method, path }) => `${method} ${path}`);
    },
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
