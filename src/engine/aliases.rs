//! A request as the caller gave it: his own names for models resolved, their overrides laid over it.

use crate::chat::ChatRequest;
use crate::engine::{Engine, Plan, Route, Stop};
use crate::error::{Error, ErrorKind, Result};
use crate::input::Value;
use crate::json::{Json, Members};
use crate::options::ModelTarget;

/// How many names may stand for one another: more is a circle.
const LONGEST_CHAIN: usize = 16;
/// How many targets a call may have: names of names multiply.
const MOST_TARGETS: usize = 64;

/// One of the targets that a `model` stands for.
struct Resolved {
    /// "provider/model"; "" where none is named.
    model: String,
    /// As it was written.
    name: String,
    /// The fields that it sets, outermost first.
    overrides: Vec<Members<'static>>,
    weight: f64,
}

impl Engine {
    /// Reads and checks a request as its first target gets it. Its `model` is "provider/model"
    /// afterwards, or not there.
    pub fn read(&self, value: Value) -> Result<ChatRequest> {
        Ok(self.plan(value)?.request)
    }

    /// Reads and checks a request, for all of its targets.
    ///
    /// A name from the client's `models` stands for its targets; a target's own `request` fields win
    /// over the request's, and an outer target's over an inner one's.
    pub fn plan(&self, value: Value) -> Result<Plan> {
        let Json::Object(mut members) = value else { return Ok(ChatRequest::read(value)?.into()) };
        let mut targets = self.resolve(take(&mut members, "model"))?;
        if let [_] = targets[..] {
            let only = targets.remove(0);
            return Ok(ChatRequest::read(only.over(members))?.into());
        }
        let messages = take(&mut members, "messages");
        let mut stops = Vec::new();
        for target in targets {
            let (name, weight) = (target.name.clone(), target.weight);
            let mut own = members.clone();
            // Read once below, not once for each target: they may be megabytes.
            own.push(("messages".into(), "-".into()));
            let mut request = ChatRequest::read(target.over(own))?;
            request.messages.clear();
            stops.push(Stop { request, weight, name });
        }
        let messages = ChatRequest::read(Json::Object(vec![("messages".into(), messages)]))?.messages;
        let request = stops[0].request.with_messages(messages);
        Ok(Plan { request, route: Route { stops, ..Route::default() } })
    }

    /// What a `model` stands for: at least one target.
    fn resolve(&self, model: Value) -> Result<Vec<Resolved>> {
        let chain = match model {
            Json::Null => {
                let model = self.options.default_model.clone().unwrap_or_default();
                vec![ModelTarget { model, ..ModelTarget::default() }]
            }
            given => ModelTarget::read_in_request(given)?,
        };
        let mut resolved = Vec::new();
        for target in chain {
            self.resolve_target(target, Vec::new(), 1.0, None, &mut resolved)?;
        }
        Ok(resolved)
    }

    fn resolve_target(
        &self,
        target: ModelTarget,
        mut overrides: Vec<Members<'static>>,
        share: f64,
        name: Option<&str>,
        out: &mut Vec<Resolved>,
    ) -> Result<()> {
        let weight = share * target.weight.unwrap_or(1.0);
        overrides.push(target.request);
        let Some((known, chain)) = self.options.models.iter().find(|(name, _)| *name == target.model) else {
            let name = name.unwrap_or(&target.model).to_owned();
            out.push(Resolved { model: target.model, name, overrides, weight });
            return if out.len() > MOST_TARGETS { Err(too_many()) } else { Ok(()) };
        };
        if overrides.len() > LONGEST_CHAIN {
            return Err(Error::new(ErrorKind::Config, format!("models.{known}: the name stands for itself")));
        }
        let total: f64 = chain.iter().map(|inner| inner.weight.unwrap_or(1.0)).sum();
        for inner in chain {
            // A name's weight is that of all its targets together.
            let share = if total > 0.0 { weight / total } else { 0.0 };
            let name = if chain.len() == 1 { Some(name.unwrap_or(known)) } else { None };
            self.resolve_target(inner.clone(), overrides.clone(), share, name, out)?;
        }
        Ok(())
    }

    /// "provider/model" of a name that may be the caller's own, for questions that are no chat: of
    /// several targets, the first.
    pub(super) fn real_name(&self, model: &str) -> Result<String> {
        Ok(self.resolve(model.to_owned().into())?.swap_remove(0).model)
    }
}

impl Resolved {
    /// A request's members with this target's.
    fn over(self, mut members: Members<'static>) -> Value {
        for (name, value) in self.overrides.into_iter().rev().flatten() {
            take(&mut members, &name);
            members.push((name, value));
        }
        if !self.model.is_empty() {
            members.push(("model".into(), self.model.into()));
        }
        Json::Object(members)
    }
}

fn too_many() -> Box<Error> {
    Error::new(ErrorKind::Config, format!("model stands for more than {MOST_TARGETS} targets"))
}

fn take(members: &mut Members<'static>, name: &str) -> Value {
    match members.iter().position(|(known, _)| known == name) {
        Some(index) => members.remove(index).1,
        None => Json::Null,
    }
}
