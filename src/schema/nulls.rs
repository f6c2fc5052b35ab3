//! Nulls where a provider wants every property to be there: room for them in its schema, and out again
//! of an answer whose model had to write something.

use super::reference::{follow, resolve};
use super::{choices, has_type, requires};
use crate::json::Json;
use crate::object;

/// How many schemas are looked at for one place of an answer: alternatives that refer to each other
/// would otherwise double at every step.
const MOST_AT_A_PLACE: usize = 256;

/// Makes room for null. `listed`: by a list of types, where there is a type; else by `anyOf`.
pub(super) fn or_null(mut schema: Json<'static>, listed: bool) -> Json<'static> {
    let (types, branches) = (schema.get("type"), schema.get("anyOf"));
    if has_type(types, "null") && choices(&schema).is_none_or(|values| values.contains(&Json::Null)) {
        return schema;
    }
    let null = object! { "type": "null" };
    if types.is_null() && !branches.is_null() {
        schema.set("anyOf", with(branches, null));
    } else if listed && !types.is_null() && branches.is_null() && schema.get("const").is_null() {
        schema.set("type", with(types, "null".into()));
        if !schema.get("enum").is_null() {
            schema.set("enum", with(schema.get("enum"), Json::Null));
        }
    } else {
        // Its description stays where a reader of the property looks for it.
        let description = schema.remove("description").unwrap_or(Json::Null);
        schema = object! { "anyOf": Json::Array(vec![schema, null]) };
        schema.set_some("description", description);
    }
    schema
}

/// A list, or the only element of one, and another element.
fn with(list: &Json<'static>, more: Json<'static>) -> Json<'static> {
    let mut items = if let Json::Array(items) = list { items.clone() } else { vec![list.clone()] };
    if !items.contains(&more) {
        items.push(more);
    }
    Json::Array(items)
}

/// Takes out of an answer the nulls that [`level`](fn@super::level) made room for: members that the schema has
/// as optional and does not let be null.
pub fn without_added_nulls(value: Json<'static>, schema: &Json<'_>) -> Json<'static> {
    cleaned(value, &[schema], schema)
}

fn cleaned<'s>(value: Json<'static>, schemas: &[&'s Json<'s>], root: &'s Json<'s>) -> Json<'static> {
    let mut speaking = Vec::new();
    let mut left = MOST_AT_A_PLACE;
    for schema in schemas {
        gather(&value, schema, root, &mut speaking, &mut left);
    }
    if speaking.is_empty() {
        return value;
    }
    match value {
        Json::Array(mut items) => {
            for (index, value) in items.iter_mut().enumerate() {
                let inside = inside(&speaking, &|schema| item(schema, index));
                *value = cleaned(std::mem::replace(value, Json::Null), &inside, root);
            }
            Json::Array(items)
        }
        Json::Object(members) => {
            let mut kept = Vec::with_capacity(members.len());
            for (name, value) in members {
                let inside = inside(&speaking, &|schema| property(schema, &name));
                let mut left = MOST_AT_A_PLACE;
                let mut added = value.is_null() && !inside.is_empty();
                for schema in &speaking {
                    added = added && !requires(schema, &name);
                }
                for schema in &inside {
                    added = added && !takes_null(schema, root, &mut left);
                }
                if !added {
                    kept.push((name, cleaned(value, &inside, root)));
                }
            }
            Json::Object(kept)
        }
        scalar => scalar,
    }
}

/// What several schemas say of one place inside.
fn inside<'s>(speaking: &[&'s Json<'s>], place: &dyn Fn(&'s Json<'s>) -> Option<&'s Json<'s>>) -> Vec<&'s Json<'s>> {
    let mut inside = Vec::new();
    for schema in speaking {
        if let Some(found) = place(schema) {
            inside.push(found);
        }
    }
    inside
}

/// Everything that a schema says of a value: itself, what it refers to, what it combines, and of its
/// alternatives those that apply.
fn gather<'s>(value: &Json<'_>, schema: &'s Json<'s>, root: &'s Json<'s>, out: &mut Vec<&'s Json<'s>>, left: &mut usize) {
    if *left == 0 || !schema.is_object() {
        return;
    }
    *left -= 1;
    out.push(schema);
    if let Some(target) = schema.get("$ref").str().and_then(|pointer| resolve(root, pointer)) {
        gather(value, target, root, out, left);
    }
    for part in schema.get("allOf").items() {
        gather(value, part, root, out, left);
    }
    for key in ["anyOf", "oneOf"] {
        for branch in schema.get(key).items() {
            if follow(root, branch).is_some_and(|branch| applies(value, branch, root)) {
                gather(value, branch, root, out, left);
            }
        }
    }
}

/// Whether a value is of this alternative, seen from its surface: its type, its members' names, and
/// the members that can only be one thing.
fn applies<'s>(value: &Json<'_>, branch: &'s Json<'s>, root: &'s Json<'s>) -> bool {
    let types = branch.get("type");
    let fits = match value {
        Json::Object(_) => has_type(types, "object"),
        Json::Array(_) => has_type(types, "array"),
        _ => true,
    };
    if !fits && !types.is_null() {
        return false;
    }
    if choices(branch).is_some_and(|values| !values.contains(value)) {
        return false;
    }
    let properties = branch.get("properties");
    let known = properties.is_null() || value.members().iter().all(|(name, _)| properties.members().iter().any(|(known, _)| known == name));
    known
        && properties.members().iter().all(|(name, schema)| {
            let given = value.get(name);
            let only = follow(root, schema).and_then(choices);
            given.is_null() || only.is_none_or(|values| values.contains(given))
        })
        && branch.get("required").items().iter().all(|name| value.members().iter().any(|(given, _)| given == name.text()))
}

fn property<'s>(schema: &'s Json<'s>, name: &str) -> Option<&'s Json<'s>> {
    let known = schema.get("properties").members().iter().find(|(known, _)| known == name).map(|(_, schema)| schema);
    known.or_else(|| Some(schema.get("additionalProperties")).filter(|rest| rest.is_object()))
}

fn item<'s>(schema: &'s Json<'s>, index: usize) -> Option<&'s Json<'s>> {
    let items = schema.get("items");
    let tuple = [schema.get("prefixItems"), items].into_iter().find_map(|tuple| tuple.items().get(index));
    tuple.or_else(|| Some(items).filter(|items| items.is_object()))
}

/// Whether null is among the values of a schema; it is where that cannot be told.
fn takes_null<'s>(schema: &'s Json<'s>, root: &'s Json<'s>, left: &mut usize) -> bool {
    let Some(schema) = follow(root, schema).filter(|_| *left > 0) else { return true };
    *left -= 1;
    if schema.get("nullable").bool() == Some(true) {
        return true;
    }
    let types = schema.get("type");
    let mut takes = schema.bool() != Some(false)
        && (types.is_null() || has_type(types, "null"))
        && choices(schema).is_none_or(|values| values.contains(&Json::Null));
    for part in schema.get("allOf").items() {
        takes = takes && takes_null(part, root, left);
    }
    for key in ["anyOf", "oneOf"] {
        let branches = schema.get(key).items();
        takes = takes && (branches.is_empty() || branches.iter().any(|branch| takes_null(branch, root, left)));
    }
    takes
}
