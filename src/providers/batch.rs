//! The batch APIs of providers: many requests handed over at once, answered within a day, at a lower price.
//!
//! Two shapes. OpenAI and Azure take a *file* of JSON lines, make a batch of it, and give the answers
//! as files. Anthropic takes one *array*, and gives one stream of lines. What a single request and a
//! single answer are is the dialects' word: here is only what is around them. Pure, as they are.

use super::{Api, Dialect, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpRequest, Method, ResponseHead, percent_encode};
use crate::json::{Json, body_text};
use crate::object;

/// What a provider's batch API is: data of its row.
#[derive(Debug)]
pub struct Batches {
    /// The most requests that one batch may have.
    pub rows: usize,
    /// The most bytes that its requests may come to.
    pub bytes: usize,
    /// Whether all requests of a batch have to be for one model.
    pub one_model: bool,
    /// Of the two shapes, OpenAI's.
    pub files: bool,
    /// What is done with each request, by [`Api`]; "" where the line does not say it.
    pub endpoints: [&'static str; 2],
    /// A request to a path of this API, with the key and the provider's headers.
    pub address: fn(&Target<'_>, Method, &str) -> HttpRequest,
}

/// Of the body in which a file is sent. No line of JSON begins with it: a line break inside of one is escaped, and an object
/// begins with a brace.
/// Before, and behind.
const FORM: [&str; 2] = [
    "--modelwire-batch-9f2c61d07b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--modelwire-batch-9f2c61d07b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n",
    "\n\r\n--modelwire-batch-9f2c61d07b--\r\n",
];
const MULTIPART: &str = "multipart/form-data; boundary=modelwire-batch-9f2c61d07b";
const JSON: &str = "application/json";

/// What is asked of a batch API.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Takes what was written: it is at the host, under this number.
    Upload(u64),
    /// How a file stands.
    LookAtFile(&'a str),
    /// A batch of a file.
    Create(&'a str),
    /// How a batch stands.
    Look(&'a str),
    /// An end to a batch.
    Cancel(&'a str),
    /// The results of a batch: one of its [`Batches::status`]' files.
    Results(&'a str, &'a str),
}

/// One result.
#[derive(Debug)]
pub struct Line {
    /// Of the row.
    pub index: u64,
    /// Of what rows of its kind have in common.
    pub kind: u64,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The body of the answer.
    pub result: Result<String>,
}

impl Batches {
    /// What stands before, between and behind the lines of what is handed over.
    pub fn form(&self) -> [&'static str; 3] {
        if self.files { [FORM[0], "\n", FORM[1]] } else { ["{\"requests\":[", ",", "]}"] }
    }

    /// A row's line in two halves: the number of its kind stands between them. `body`: of the chat request.
    pub fn line(&self, api: Api, index: u64, body: &str) -> [String; 2] {
        let mut behind = String::from("\",\"");
        if self.files {
            behind.push_str("method\":\"POST\",\"url\":\"");
            behind.push_str(self.endpoint(api));
            behind.push_str("\",\"body\":");
        } else {
            behind.push_str("params\":");
        }
        behind.push_str(body);
        behind.push('}');
        [format!("{{\"custom_id\":\"r{index}-"), behind]
    }

    /// See [`Batches::endpoints`].
    pub fn endpoint(&self, api: Api) -> &'static str {
        self.endpoints[usize::from(api == Api::Responses)]
    }

    /// The request for a step.
    pub fn request(&self, target: &Target<'_>, api: Api, step: Step<'_>) -> HttpRequest {
        let (root, mut body) = (if self.files { "batches" } else { "v1/messages/batches" }, Json::Null);
        let (method, path) = match step {
            Step::Upload(_) => (Method::Post, [if self.files { "files" } else { root }, "", ""]),
            Step::LookAtFile(id) => (Method::Get, ["files", id, ""]),
            Step::Create(file) => {
                body = object! { "input_file_id": file, "endpoint": self.endpoint(api), "completion_window": "24h" };
                (Method::Post, [root, "", ""])
            }
            Step::Look(id) => (Method::Get, [root, id, ""]),
            Step::Cancel(id) => (Method::Post, [root, id, "cancel"]),
            Step::Results(_, file) if self.files => (Method::Get, ["files", file, "content"]),
            // Its own address, and not that of `results_url`: that may be another origin's than the one that has the key.
            Step::Results(id, _) => (Method::Get, [root, id, "results"]),
        };
        let mut address = String::new();
        for part in path.iter().filter(|part| !part.is_empty()) {
            if !address.is_empty() {
                address.push('/');
            }
            // The first has slashes of its own, the others come from outside.
            address.push_str(&if address.is_empty() { (*part).to_owned() } else { percent_encode(part) });
        }
        let mut http = (self.address)(target, method, &address);
        if let Step::Upload(file) = step {
            http.file = Some(file);
            http.header("content-type", if self.files { MULTIPART } else { JSON });
        } else if !body.is_null() {
            http.body = body.to_text().into_bytes();
            http.header("content-type", JSON);
        }
        http
    }

    /// What was said to one of the first three steps: `{batch}`, `{file}` of which a batch is to be made, or `{pending}`, a file that
    /// is not ready for it (Azure), each with an id.
    pub fn taken(&self, body: &[u8]) -> Result<Json<'static>> {
        let text = body_text(body);
        let said = Json::parse(&text).unwrap_or(Json::Null);
        let Some(id) = said.get("id").str().filter(|id| !id.is_empty()) else { return Err(unlike(body)) };
        let what = match said.get("status").text() {
            _ if !self.files || !said.get("input_file_id").is_null() => "batch",
            "pending" | "running" | "notRunning" => "pending",
            "error" | "failed" => return Err(refused().with_body(body)),
            _ => "file",
        };
        let mut out = Json::object();
        out.add(what, id.to_owned().into());
        Ok(out)
    }

    /// How a batch stands: whether it has `ended`, how many requests were `answered` and how many `failed`, which `files` hold
    /// results, what the `rest` came to that has none, and of a file that was refused what is wrong with its `lines` (from 1).
    pub fn status(&self, dialect: &dyn Dialect, body: &[u8]) -> Result<Json<'static>> {
        let text = body_text(body);
        let said = Json::parse(&text).unwrap_or(Json::Null);
        let Some(word) = said.get(if self.files { "status" } else { "processing_status" }).str() else { return Err(unlike(body)) };
        let counts = said.get("request_counts");
        let count = |names: [&str; 4]| names.iter().fold(0, |sum, name| sum + counts.get(name).u64().unwrap_or(0));
        let (mut files, mut lines) = (Vec::new(), Vec::new());
        let mut rest = match word {
            "expired" => expired(),
            "cancelled" => cancelled(),
            "failed" => refused(),
            _ => Error::malformed("the results of the batch have none for this row"),
        };
        if !self.files {
            // There is one, and it has no name.
            files.push(Json::from(""));
        }
        for name in ["output_file_id", "error_file_id"] {
            if let Some(file) = said.get(name).str() {
                files.push(file.to_owned().into());
            }
        }
        for failure in said.path(&["errors", "data"]).items() {
            rest = failed(dialect, 400, object! { "error": failure.clone() }.to_text());
            rest.status = None;
            if let Some(line) = failure.get("line").u64() {
                lines.push(Json::from(vec![line.into(), rest.to_json().into_owned()]));
            }
        }
        Ok(object! {
            "ended": matches!(word, "ended" | "completed" | "failed" | "expired" | "cancelled"),
            "answered": count(["completed", "succeeded", "", ""]),
            "failed": count(["failed", "errored", "canceled", "expired"]),
            "files": files,
            "rest": rest.to_json().into_owned(),
            "lines": lines,
        })
    }

    /// One line of the results; `None` for what is none of this library's.
    pub fn result(&self, dialect: &dyn Dialect, text: &str) -> Option<Line> {
        // To the letter: what a tool is called with is handed on as it was written.
        let said = Json::parse_keeping(text, Some(if self.files { "body" } else { "message" })).ok()?;
        let (index, kind) = said.get("custom_id").str()?.strip_prefix('r')?.split_once('-')?;
        let (index, kind) = (index.parse::<u64>().ok()?, kind.parse::<u64>().ok()?);
        let (answer, error, status, request_id);
        if self.files {
            let response = said.get("response");
            (answer, error, request_id) = (response.get("body"), said.path(&["error", "code"]).text(), response.get("request_id"));
            status = response.get("status_code").u64().unwrap_or(0);
        } else {
            let result = said.get("result");
            answer = if result.get("message").is_null() { result.get("error") } else { result.get("message") };
            (error, request_id) = (result.get("type").text(), answer.get("request_id"));
            status = match (error, answer.path(&["error", "type"]).text()) {
                ("succeeded", _) => 200,
                // Its error bodies say by their type what a status would.
                (_, "invalid_request_error") => 400,
                _ => 500,
            };
        }
        let result = match (status, error) {
            (_, "batch_expired" | "expired") => Err(expired()),
            (_, "batch_cancelled" | "canceled") => Err(cancelled()),
            (200..=299, _) => Ok(answer.to_text()),
            (0, _) => Err(failed(dialect, 500, said.to_text())),
            _ => Err(failed(dialect, status, answer.to_text())),
        };
        let mut line = Line { index, kind, request_id: request_id.str().map(str::to_owned), result };
        if let Err(error) = &mut line.result {
            error.request_id = line.request_id.clone();
            if !self.files || status == 0 {
                error.status = None;
            }
        }
        Some(line)
    }
}

/// The first look, and the longest wait between two, in milliseconds.
const SOONEST_LOOK_MS: f64 = 2_000.0;
const LATEST_LOOK_MS: f64 = 60_000.0;

/// How long until the next look at a batch at which was looked for so long already: a tenth of that, so that no more than a
/// tenth of the whole is waited for nothing, and never longer than a minute. `random`: at least 0, below 1.
pub fn next_look_ms(waited_ms: f64, random: f64) -> f64 {
    (waited_ms / 10.0).clamp(SOONEST_LOOK_MS, LATEST_LOOK_MS) * (0.9 + random * 0.2)
}

fn unlike(body: &[u8]) -> Box<Error> {
    Error::malformed("what was said of the batch is not this API's").with_body(body)
}

fn failed(dialect: &dyn Dialect, status: u64, body: String) -> Box<Error> {
    let head = ResponseHead { status: status as u16, ..ResponseHead::default() };
    dialect.error(&head, body.as_bytes())
}

fn refused() -> Box<Error> {
    Error::new(ErrorKind::InvalidRequest, "the batch was refused")
}

fn expired() -> Box<Error> {
    Error::new(ErrorKind::Timeout, "the batch expired before this row was answered")
}

fn cancelled() -> Box<Error> {
    Error::new(ErrorKind::Aborted, "the batch was cancelled before this row was answered")
}
