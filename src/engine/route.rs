//! The targets of one call, where the call stands among them, and what is known of the turn that it is
//! in. Data only: who goes where is decided in `recover`.

use std::rc::Rc;

use crate::call::Call;
use crate::chat::{ChatRequest, Message};
use crate::error::Error;

/// A chat call as it was asked for: the request as its first target gets it, and the others.
#[derive(Debug, Default)]
pub struct Plan {
    /// For the first target.
    pub request: ChatRequest,
    /// All targets.
    pub route: Route,
}

impl From<ChatRequest> for Plan {
    fn from(request: ChatRequest) -> Self {
        Self { request, route: Route::default() }
    }
}

/// The targets of a call.
#[derive(Debug, Default)]
pub struct Route {
    /// Each target's own request, without the messages, which are the same for all. Empty where there
    /// is one target only.
    pub stops: Vec<Stop>,
    /// Those that were not tried yet in this turn, in the order in which they are to be; the last is the
    /// next.
    pub left: Vec<usize>,
    /// The one that is asked now.
    pub here: usize,
    /// Whether the order was made: once a call, because it may be drawn.
    pub ordered: bool,
}

/// One target of a chain.
#[derive(Debug)]
pub struct Stop {
    /// Without messages.
    pub request: ChatRequest,
    /// As given.
    pub weight: f64,
    /// As it was written: "provider/model", or the caller's own name.
    pub name: String,
}

/// One turn of a call, from its first attempt to its answer.
#[derive(Debug)]
pub struct Turn {
    /// The call that it belongs to.
    pub call: Call,
    /// As the target that is asked now gets it.
    pub request: Rc<ChatRequest>,
    /// Who else may be asked.
    pub route: Route,
    /// How many calls to this target there were.
    pub attempt: u32,
    /// How often another key was taken.
    pub keys_tried: usize,
    /// Whether the last failure was a key's, and there is another.
    pub another_key: bool,
    /// What the last attempt failed with, until something is done about it.
    pub failure: Option<Box<Error>>,
    /// What of the answer was shown before that: it goes on behind it.
    pub said: Option<String>,
    /// What is wrong with the cache, until an answer says so.
    pub cache_trouble: Option<String>,
}

impl Turn {
    /// The first turn of a call.
    pub fn new(call: Call, plan: Plan) -> Self {
        let Plan { request, route } = plan;
        Self {
            call,
            request: Rc::new(request),
            route,
            attempt: 0,
            keys_tried: 0,
            another_key: false,
            failure: None,
            said: None,
            cache_trouble: None,
        }
    }

    /// The next turn: asks the target that answered the last one, and has all the others before it
    /// again.
    pub fn next(&mut self, request: Rc<ChatRequest>) {
        self.request = request;
        (self.attempt, self.keys_tried, self.another_key, self.said) = (0, 0, false, None);
        let Route { stops, left, here, .. } = &mut self.route;
        for index in (0..stops.len()).rev() {
            if index != *here && !left.contains(&index) {
                left.insert(0, index);
            }
        }
    }

    /// Turns to another target of the route: the messages go along.
    pub fn turn_to(&mut self, index: usize) {
        let Some(stop) = self.route.stops.get(index) else { return };
        let mut request = stop.request.with_messages(self.request.messages.clone());
        // A tool that had to be called was: see `Rounds::advance`.
        if self.request.messages.last().is_some_and(|message| matches!(message, Message::Tool { .. })) {
            request.tool_choice.clone_from(&self.request.tool_choice);
        }
        self.request = Rc::new(request);
        self.route.here = index;
        self.route.left.retain(|other| *other != index);
        (self.attempt, self.keys_tried, self.another_key) = (0, 0, false);
    }
}
