//! The rewriting, place by place. A place is a schema that stands somewhere in a schema; definitions
//! are places too, and are rewritten once each, when something that is sent refers to them.

use super::definitions::Definitions;
use super::merge::{ANNOTATIONS, Merged, merged};
use super::nulls::or_null;
use super::overlap::are_disjoint;
use super::reference::{follow, resolve};
use super::types::types_of;
use super::words::Words;
use super::{Leveled, SchemaRules, choices, has_type, lists, requires};
use crate::json::Json;
use crate::object;

/// How many places are rewritten: far above any schema that a provider takes, and a bound for those
/// that grow by being merged.
const MOST_PLACES: usize = 20_000;

/// What restricts values, and is put in words where it is not kept.
const CONSTRAINTS: &str = "const enum format minLength maxLength pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf maxItems \
    uniqueItems contains minContains maxContains minProperties maxProperties propertyNames dependentRequired dependentSchemas dependencies \
    not if then else unevaluatedItems unevaluatedProperties patternProperties contentEncoding contentMediaType contentSchema";

/// What has rules of its own, below.
const RULED: &str = "type nullable properties required additionalProperties items prefixItems additionalItems anyOf oneOf allOf $ref \
    $dynamicRef $recursiveRef";

/// Rewrites a schema for a provider.
pub fn level(schema: &Json<'_>, rules: &SchemaRules) -> Leveled {
    let definitions = Definitions::new();
    let mut leveling =
        Leveling { source: schema, rules, fits: true, worded: Vec::new(), path: String::new(), left: MOST_PLACES, definitions };
    let mut whole = leveling.root();
    let mut definitions = Json::object();
    // Each may refer to further ones: a queue and not a recursion, because they may also refer back.
    while let Some((pointer, name)) = leveling.definitions.next() {
        leveling.path = format!("/$defs/{name}");
        let place = resolve(schema, &pointer).map_or(Json::Null, |target| leveling.place(target, &Json::Null));
        definitions.set(name, place);
    }
    if !definitions.members().is_empty() {
        whole.set("$defs", definitions);
    }
    let is_recursive = !rules.recursion && leveling.definitions.are_recursive();
    let bad_root = !rules.any_root && (whole.get("type").str() != Some("object") || !whole.get("anyOf").is_null());
    Leveled { schema: whole, fits: leveling.fits && !is_recursive && !bad_root, worded: leveling.worded }
}

struct Leveling<'s> {
    source: &'s Json<'s>,
    rules: &'s SchemaRules,
    fits: bool,
    worded: Vec<String>,
    /// Where in an answer the place is: `/address/city`, `/tags/*`.
    path: String,
    left: usize,
    definitions: Definitions,
}

impl<'s> Leveling<'s> {
    /// A root that only refers is replaced by what it refers to: providers read its type.
    fn root(&mut self) -> Json<'static> {
        if !self.rules.any_root
            && let Some(Merged::Reference(pointer, annotations)) = merged(self.source, self.source, &mut self.left)
            && let Some(target) = resolve(self.source, pointer).and_then(|target| follow(self.source, target))
        {
            let mut whole = target.clone();
            for (key, value) in annotations.members() {
                whole.set(key.clone(), value.clone());
            }
            return self.place(&whole, &Json::Null);
        }
        self.place(self.source, &Json::Null)
    }

    /// `outer`: the type of the place that this is an alternative of.
    fn place(&mut self, schema: &Json<'_>, outer: &Json<'_>) -> Json<'static> {
        if self.left == 0 || !schema.is_object() {
            self.fits = self.fits && self.left > 0 && schema.bool() == Some(true) && !self.rules.closed;
            return Json::object();
        }
        self.left -= 1;
        if schema.get("$ref").is_null() && schema.get("allOf").is_null() {
            return self.plain(schema, outer);
        }
        match merged(schema, self.source, &mut self.left) {
            Some(Merged::Reference(pointer, annotations)) => {
                let known = self.definitions.refer(self.source, pointer);
                self.fits = self.fits && known.is_some();
                let mut out = object! { "$ref": known.unwrap_or_else(|| pointer.to_owned()) };
                let mut words = Words::default();
                self.annotate(&annotations, &mut out, &mut words);
                self.describe(&mut out, words);
                // Beside a `$ref` nothing may stand.
                if out.members().len() > 1
                    && let Some(reference) = out.remove("$ref")
                {
                    out.set("anyOf", Json::Array(vec![object! { "$ref": reference }]));
                }
                out
            }
            Some(Merged::Schema(one)) => self.plain(&one, outer),
            None => {
                self.fits = self.fits && !self.rules.closed && self.rules.keeps("allOf") && schema.get("$ref").is_null();
                self.plain(schema, outer)
            }
        }
    }

    fn plain(&mut self, schema: &Json<'_>, outer: &Json<'_>) -> Json<'static> {
        let mut out = Json::object();
        let mut words = Words::default();
        let has_inside = ["properties", "items", "prefixItems"].iter().any(|key| !schema.get(key).is_null());
        let (choice, branches) =
            if schema.get("anyOf").is_null() { ("oneOf", schema.get("oneOf")) } else { ("anyOf", schema.get("anyOf")) };
        let is_choice = !branches.items().is_empty();
        // Providers that close objects cannot say "these properties, and one of …".
        let splits = is_choice && !(has_inside && self.rules.closed) && (self.rules.keeps("anyOf") || self.rules.keeps(choice));
        let types = types_of(schema, outer);
        if !types.is_null() && (!splits || has_inside) {
            out.set("type", types.clone());
        }
        self.annotate(schema, &mut out, &mut words);
        for (key, value) in schema.members() {
            let is_fitting = *key != "format" || lists(self.rules.formats, value.text());
            // `additionalProperties` says it already.
            let says_nothing = *key == "unevaluatedProperties" && value.bool().is_some_and(|says| says || self.rules.closed);
            if is_choice && (*key == "oneOf" || *key == "anyOf") {
                if !splits || key != choice {
                    self.say(key, value, &mut words);
                }
            } else if *key == "const" && !self.rules.keeps("const") && self.rules.keeps("enum") {
                out.set("enum", Json::Array(vec![value.clone().into_owned()]));
            } else if *key == "minItems" {
                self.least_items(value, &mut out, &mut words);
            } else if lists(RULED, key) || lists(ANNOTATIONS, key) || says_nothing {
                self.fits = self.fits && *key != "$dynamicRef" && *key != "$recursiveRef";
            } else if self.rules.keeps(key) && is_fitting {
                out.set(key.clone().into_owned(), value.clone().into_owned());
            } else if lists(CONSTRAINTS, key) {
                self.say(key, value, &mut words);
            }
        }
        if has_type(&types, "object") && (!splits || has_inside) {
            self.object(schema, &mut out, &mut words);
        }
        if has_type(&types, "array") && (!splits || has_inside) {
            self.array(schema, &mut out, &mut words);
        }
        if splits {
            let passed_on = if has_inside { &Json::Null } else { &types };
            let leveled = self.each(branches.items(), passed_on);
            if choice == "oneOf" && !self.rules.keeps("oneOf") && !are_disjoint(branches.items(), self.source) {
                words.add("exactly one of the alternatives applies");
                self.warn("oneOf");
            }
            out.set(if self.rules.keeps(choice) { choice } else { "anyOf" }, leveled);
        }
        if !schema.get("allOf").items().is_empty() && self.rules.keeps("allOf") {
            let leveled = self.each(schema.get("allOf").items(), &Json::Null);
            out.set("allOf", leveled);
        }
        // A place that may hold anything is no grammar.
        if types.is_null() && !splits && choices(schema).is_none() && self.rules.closed {
            self.fits = false;
        }
        self.describe(&mut out, words);
        if schema.get("nullable").bool() == Some(true) { or_null(out, self.rules.all_required) } else { out }
    }

    fn object(&mut self, schema: &Json<'_>, out: &mut Json<'static>, words: &mut Words) {
        let rest = schema.get("additionalProperties");
        let given = schema.get("properties");
        let is_shut = rest.bool() == Some(false);
        let is_open = !is_shut && (!rest.is_null() || given.is_null()) || !schema.get("patternProperties").is_null();
        let mut properties = Json::object();
        for (name, property) in given.members() {
            // What may not be there is not there.
            if property.bool() == Some(false) && self.rules.closed {
                continue;
            }
            let length = self.path.len();
            self.path.push('/');
            self.path.push_str(name);
            let leveled = self.place(property, &Json::Null);
            self.path.truncate(length);
            properties.set(name.clone().into_owned(), leveled);
        }
        let asked = schema.get("required").items();
        let mut required: Vec<Json<'static>> = Vec::new();
        if let Json::Object(members) = &mut properties {
            // Nobody asks for any, and one must be asked for.
            let first = self.rules.some_required && !members.iter().any(|(name, _)| requires(schema, name));
            for (index, (name, property)) in members.iter_mut().enumerate() {
                if !requires(schema, name) {
                    if !self.rules.all_required && (!first || index > 0) {
                        continue;
                    }
                    *property = or_null(std::mem::replace(property, Json::Null), self.rules.all_required);
                }
                required.push(name.to_string().into());
            }
            self.fits = self.fits && !(self.rules.some_required && members.is_empty()) && !(self.rules.closed && is_open);
        }
        for name in asked {
            if !required.contains(name) {
                self.fits = self.fits && !self.rules.closed;
                required.push(name.clone().into_owned());
            }
        }
        if !given.is_null() || is_shut {
            out.set("properties", properties);
        }
        if !required.is_empty() || self.rules.all_required && !is_open {
            out.set("required", Json::Array(required));
        }
        if self.rules.closed && !is_open {
            out.set("additionalProperties", false);
        } else if rest.is_object() && self.rules.keeps("additionalProperties") {
            let leveled = self.inside(rest);
            out.set("additionalProperties", leveled);
        } else if !rest.is_null() && rest.bool() != Some(true) {
            self.keep_or_say("additionalProperties", rest, out, words);
        }
    }

    fn array(&mut self, schema: &Json<'_>, out: &mut Json<'static>, words: &mut Words) {
        let (items, modern) = (schema.get("items"), schema.get("prefixItems"));
        let (tuple, rest) =
            if modern.is_null() && !items.items().is_empty() { (items, schema.get("additionalItems")) } else { (modern, items) };
        if tuple.items().is_empty() {
            match rest.bool() {
                Some(false) => self.keep_or_say("maxItems", &Json::from(0_u64), out, words),
                None if rest.is_null() => self.fits = self.fits && !self.rules.closed,
                _ => out.set("items", self.inside(rest)),
            }
            return;
        }
        let mut leveled = self.each(tuple.items(), &Json::Null);
        if self.rules.keeps("prefixItems") {
            out.set("prefixItems", leveled);
            if !rest.is_null() {
                out.set("items", if rest.is_object() { self.inside(rest) } else { rest.clone().into_owned() });
            }
            return;
        }
        // Without the order: an array of any of them, and the order in words.
        words.add_value("items in this order", tuple);
        self.warn("prefixItems");
        if rest.is_object()
            && let Json::Array(alternatives) = &mut leveled
        {
            alternatives.push(self.inside(rest));
        }
        let mut distinct: Vec<Json<'static>> = Vec::new();
        for alternative in leveled.items() {
            if !distinct.contains(alternative) {
                distinct.push(alternative.clone());
            }
        }
        out.set(
            "items",
            if distinct.len() == 1 {
                distinct.remove(0)
            } else {
                object! { "anyOf": Json::Array(distinct) }
            },
        );
        if rest.bool() == Some(false) && schema.get("maxItems").is_null() {
            self.keep_or_say("maxItems", &Json::from(tuple.items().len()), out, words);
        }
    }

    fn least_items(&mut self, value: &Json<'_>, out: &mut Json<'static>, words: &mut Words) {
        let most = self.rules.most_min_items;
        let fits = value.u64().is_some_and(|least| least <= most);
        if !self.rules.keeps("minItems") || !fits {
            self.say("minItems", value, words);
        }
        if self.rules.keeps("minItems") && (fits || most > 0) {
            out.set("minItems", if fits { value.clone().into_owned() } else { Json::from(most) });
        }
    }

    fn each(&mut self, schemas: &[Json<'_>], outer: &Json<'_>) -> Json<'static> {
        let mut leveled = Vec::with_capacity(schemas.len());
        for schema in schemas {
            leveled.push(self.place(schema, outer));
        }
        Json::Array(leveled)
    }

    fn inside(&mut self, schema: &Json<'_>) -> Json<'static> {
        let length = self.path.len();
        self.path.push_str("/*");
        let leveled = self.place(schema, &Json::Null);
        self.path.truncate(length);
        leveled
    }

    // ───────────────────────────────────────────── words

    /// What says nothing about values, and is worth something to a model.
    fn annotate(&mut self, schema: &Json<'_>, out: &mut Json<'static>, words: &mut Words) {
        for key in ["title", "description", "default", "examples"] {
            let value = schema.get(key);
            let is_said = schema.members().iter().any(|(name, _)| name == key);
            if is_said && self.rules.keeps(key) {
                out.set(key, value.clone().into_owned());
            } else if is_said && matches!(key, "default" | "examples") && !value.is_null() {
                words.add_value(key, value);
            }
        }
    }

    fn keep_or_say(&mut self, key: &str, value: &Json<'_>, out: &mut Json<'static>, words: &mut Words) {
        if self.rules.keeps(key) {
            out.set(key.to_owned(), value.clone().into_owned());
        } else {
            self.say(key, value, words);
        }
    }

    fn say(&mut self, key: &str, value: &Json<'_>, words: &mut Words) {
        words.add_value(key, value);
        self.warn(key);
    }

    fn warn(&mut self, key: &str) {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        self.worded.push(format!("{key} of {path}"));
    }

    fn describe(&self, out: &mut Json<'static>, Words(words): Words) {
        if words.is_empty() || !self.rules.keeps("description") {
            return;
        }
        let before = out.get("description").text();
        let text = if before.is_empty() { words } else { format!("{before} ({words})") };
        out.set("description", text);
    }
}
