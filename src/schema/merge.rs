//! `allOf`, and a `$ref` with something beside it: several schemas of one place as one, where they
//! do not contradict each other.

use super::lists;
use super::reference::resolve;
use crate::json::Json;
use crate::object;

/// Says nothing about values.
pub(super) const ANNOTATIONS: &str =
    "title description default examples example deprecated readOnly writeOnly $schema $id id $comment $anchor $defs definitions";

/// What a place comes to.
pub(super) enum Merged<'s> {
    /// Exactly what this `$ref` points to; the second says how it is described there.
    Reference(&'s str, Json<'static>),
    /// One schema, without `allOf` and `$ref`.
    Schema(Json<'static>),
}

/// Merges; `None` where that cannot be done. `left` is counted down: definitions that combine each
/// other would otherwise double at every step.
pub(super) fn merged<'s>(schema: &'s Json<'s>, root: &'s Json<'s>, left: &mut usize) -> Option<Merged<'s>> {
    let mut parts = Vec::new();
    collect(schema, &mut parts, left)?;
    let mut whole = Json::object();
    let (mut pointer, mut says_more) = (None, false);
    for part in &parts {
        for (key, value) in part.members() {
            if lists(ANNOTATIONS, key) {
                if whole.get(key).is_null() {
                    whole.set(key.clone().into_owned(), value.clone().into_owned());
                }
            } else if *key == "$ref" && pointer.is_none() {
                pointer = value.str();
            } else {
                says_more |= *key != "allOf";
            }
        }
    }
    if let (Some(pointer), false) = (pointer, says_more) {
        return Some(Merged::Reference(pointer, whole));
    }
    // What refers is followed by what it refers to.
    let mut at = 0;
    while let Some(part) = parts.get(at).copied() {
        if let Some(pointer) = part.get("$ref").str() {
            collect(resolve(root, pointer)?, &mut parts, left)?;
        }
        at += 1;
    }
    for part in &parts {
        lay_over(&mut whole, part)?;
    }
    // A part that closes its object does not let the others add to it.
    let count = whole.get("properties").members().len();
    for part in parts {
        if !part.get("additionalProperties").is_null() && part.get("properties").members().len() != count {
            return None;
        }
    }
    Some(Merged::Schema(whole))
}

fn collect<'s>(schema: &'s Json<'s>, parts: &mut Vec<&'s Json<'s>>, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    if schema.bool() == Some(false) {
        return None;
    }
    parts.push(schema);
    for part in schema.get("allOf").items() {
        collect(part, parts, left)?;
    }
    Some(())
}

fn lay_over(whole: &mut Json<'static>, part: &Json<'_>) -> Option<()> {
    for (key, value) in part.members() {
        let before = whole.get(key);
        let both = match &**key {
            "allOf" | "$ref" | "$defs" | "definitions" => continue,
            _ if before.is_null() => value.clone().into_owned(),
            _ if before == value || lists(ANNOTATIONS, key) => continue,
            "properties" => {
                let mut both = before.clone();
                for (name, schema) in value.members() {
                    let schema = schema.clone().into_owned();
                    let known = both.get(name);
                    // Of two the property's own place makes one, when its turn comes.
                    let one = if known.is_null() || *known == schema {
                        schema
                    } else {
                        object! { "allOf": Json::Array(vec![known.clone(), schema]) }
                    };
                    both.set(name.clone().into_owned(), one);
                }
                both
            }
            "required" => {
                let mut both = before.items().to_vec();
                for name in value.items() {
                    if !both.contains(name) {
                        both.push(name.clone().into_owned());
                    }
                }
                Json::Array(both)
            }
            "type" if matches!((before.text(), value.text()), ("integer", "number") | ("number", "integer")) => "integer".into(),
            _ => return None,
        };
        whole.set(key.clone().into_owned(), both);
    }
    Some(())
}
