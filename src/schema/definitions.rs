//! The definitions that a rewritten schema refers to, in the order in which they were met. Those that
//! nothing refers to are not sent, and those that stood elsewhere are moved to `$defs`.

use super::reference::{name_of, resolve};
use crate::json::Json;

pub(super) struct Definitions {
    /// The first is the root.
    all: Vec<Definition>,
    /// The one whose places are being rewritten.
    current: usize,
}

struct Definition {
    pointer: String,
    name: String,
    refers_to: Vec<usize>,
    /// It does not lead back to itself.
    ends: bool,
}

impl Definition {
    fn new(pointer: &str, name: String) -> Self {
        Self { pointer: pointer.to_owned(), name, refers_to: Vec::new(), ends: false }
    }
}

impl Definitions {
    pub(super) fn new() -> Self {
        Self { all: vec![Definition::new("#", String::new())], current: 0 }
    }

    /// The next that is to be rewritten: where it stands, and its name.
    pub(super) fn next(&mut self) -> Option<(String, String)> {
        let next = self.all.get(self.current + 1)?;
        self.current += 1;
        Some((next.pointer.clone(), next.name.clone()))
    }

    /// What is written in a `$ref` from the current one, once its target is noted; `None` where there
    /// is no target.
    pub(super) fn refer(&mut self, root: &Json<'_>, pointer: &str) -> Option<String> {
        resolve(root, pointer)?;
        let known = self.all.iter().position(|definition| definition.pointer == pointer);
        let index = known.unwrap_or(self.all.len());
        if known.is_none() {
            let mut name = name_of(pointer);
            while self.all.iter().any(|other| other.name == name) {
                name.push('_');
            }
            self.all.push(Definition::new(pointer, name));
        }
        self.all.get_mut(self.current)?.refers_to.push(index);
        Some(if index == 0 { "#".to_owned() } else { format!("#/$defs/{}", self.all.get(index)?.name) })
    }

    /// Whether one leads back to itself: what is left when those that lead nowhere, or only to such as
    /// are known to end, are known to end. From the last to the first: most lead on to later ones.
    pub(super) fn are_recursive(&mut self) -> bool {
        loop {
            let mut has_found = false;
            for index in (0..self.all.len()).rev() {
                let ends = self.all[index].refers_to.iter().all(|target| self.all[*target].ends);
                has_found |= ends && !std::mem::replace(&mut self.all[index].ends, ends);
            }
            if !has_found {
                return self.all.iter().any(|definition| !definition.ends);
            }
        }
    }
}
