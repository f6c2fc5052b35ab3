//! Whether the alternatives of a `oneOf` exclude each other, so that `anyOf` says the same.

use super::reference::follow;
use super::{choices, has_type, requires};
use crate::json::Json;

/// Alternatives beyond this are not compared with each other: it takes the square of their number.
const MOST_COMPARED: usize = 64;

const TYPES: [&str; 6] = ["object", "array", "string", "number", "boolean", "null"];

/// Whether no value can be of two of them, as far as types, constants and members that can only be
/// one thing tell.
pub(super) fn are_disjoint<'s>(branches: &'s [Json<'s>], root: &'s Json<'s>) -> bool {
    let mut seen: Vec<&Json<'_>> = Vec::new();
    branches.len() <= MOST_COMPARED
        && branches.iter().all(|branch| {
            let Some(branch) = follow(root, branch) else { return false };
            let apart = seen.iter().all(|other| differ(branch, other, root));
            seen.push(branch);
            apart
        })
}

fn differ<'s>(one: &'s Json<'s>, other: &'s Json<'s>, root: &'s Json<'s>) -> bool {
    let types = (one.get("type"), other.get("type"));
    let shares = |name: &str| is_of(types.0, name) && is_of(types.1, name);
    if !types.0.is_null() && !types.1.is_null() && !TYPES.iter().any(|name| shares(name)) {
        return true;
    }
    excludes(one, other)
        || one.get("properties").members().iter().any(|(name, schema)| {
            let Some(schema) = follow(root, schema) else { return false };
            let Some(same) = follow(root, other.get("properties").get(name)) else { return false };
            requires(one, name) && requires(other, name) && excludes(schema, same)
        })
}

fn is_of(types: &Json<'_>, name: &str) -> bool {
    has_type(types, name) || name == "number" && has_type(types, "integer")
}

fn excludes(one: &Json<'_>, other: &Json<'_>) -> bool {
    match (choices(one), choices(other)) {
        (Some(one), Some(other)) => !one.iter().any(|value| other.contains(value)),
        _ => false,
    }
}
