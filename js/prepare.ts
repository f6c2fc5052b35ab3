// A request made ready for the core: blobs read, schema objects turned into JSON Schema, functions kept back as numbers.
//
// Copies only what it changes, and is a promise only when something has to be waited for: most requests are text.
import { errorOf } from "./errors.ts";
import type { Handles } from "./handles.ts";
import { crossing } from "./options.ts";
import { isStandardSchema, jsonSchemaOf, usableSchemaOf } from "./schema.ts";
import type { Schema } from "./types.ts";

type Data = Record<string, unknown>;
type Maybe<T> = T | Promise<T>;

/** `kept` collects the handles, to be released when the call is over. */
export function prepare(request: Data, handles: Handles, kept: number[]): Maybe<Data> {
  const keep = (value: unknown) => {
    const handle = handles.keep(value);
    kept.push(handle);
    return handle;
  };
  return change(request, {
    messages: (messages) => each(messages, (message) => change(message, { content: (content) => each(content, readPart) })),
    tools: (tools) =>
      each(tools, (tool, index) =>
        change(tool, {
          input: (schema) => {
            if (!isSchema(schema)) return schema;
            // Without `run`, the arguments are the caller's to check.
            return ("run" in (tool as Data) ? usableSchemaOf : jsonSchemaOf)(schema, `tools[${index}].input`);
          },
          run: (run) => (typeof run === "function" ? keep(tool) : run),
        }),
      ),
    output: (schema) => {
      if (!isSchema(schema)) return schema;
      // At once: after an abort nobody would release it.
      const $handle = keep(schema);
      return then(usableSchemaOf(schema, "output"), (json) => ({ ...json, $handle }));
    },
    retry: (retry) => (isObject(retry) ? crossing(retry, "when", { keep }) : retry),
    model: (model) => each(model, target, target),
  });
  function target(model: unknown) {
    return change(model, { request: (overrides) => prepare(overrides as Data, handles, kept) });
  }
}

/** The same for the requests of the client's own names. */
export function prepareModels(models: Data, handles: Handles): Maybe<Data> {
  const target = (model: unknown) => change(model, { request: (overrides) => prepare(overrides as Data, handles, []) });
  return change(models, Object.fromEntries(Object.keys(models).map((name) => [name, (value) => each(value, target, target)])));
}

/** A part of a message, with bytes in place of a Blob and a string in place of a URL. */
export function readPart(part: unknown): Maybe<unknown> {
  const read = (value: unknown): unknown => (value instanceof URL ? value.href : value);
  const { type, mediaType } = part as { type?: string; mediaType?: string };
  if (type !== "image" && type !== "file" && type !== "audio") return part;
  const value = (part as Data)[type];
  if (!isBlob(value)) return change(part, { [type]: read });
  return value.arrayBuffer().then(
    (buffer) => ({ ...(part as Data), [type]: new Uint8Array(buffer), ...(type !== "audio" && { mediaType: mediaType ?? (value.type || undefined) }) }),
    (thrown: unknown) => {
      throw errorOf("invalid-request", `the ${type} of a message could not be read: ${String(thrown)}`, thrown);
    },
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isSchema(value: unknown): value is Schema<unknown> {
  return isStandardSchema(value) || (typeof value === "object" && value !== null && !Array.isArray(value));
}

// By what it can do: a blob may come from another realm, or be a File.
function isBlob(value: unknown): value is Blob {
  return typeof value === "object" && value !== null && "arrayBuffer" in value && typeof value.arrayBuffer === "function" && "type" in value;
}

/** An object with some members changed; itself when none of them is. */
function change<T>(value: T, changes: Record<string, (member: unknown) => Maybe<unknown>>): Maybe<T> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  let copy: Data | undefined;
  let waiting: Promise<void>[] | undefined;
  const set = (name: string, made: unknown) => {
    copy ??= { ...(value as Data) };
    copy[name] = made;
  };
  for (const [name, make] of Object.entries(changes)) {
    const old = (value as Data)[name];
    if (old == null) continue;
    const made = make(old);
    if (made instanceof Promise) (waiting ??= []).push(made.then((made) => set(name, made)));
    else if (made !== old) set(name, made);
  }
  const done = () => (copy ?? value) as T;
  return waiting ? Promise.all(waiting).then(done) : done();
}

/** A list with its elements changed; itself when none of them is, and what is no list goes to `other`. */
function each(value: unknown, make: (element: unknown, index: number) => Maybe<unknown>, other = (value: unknown): Maybe<unknown> => value): Maybe<unknown> {
  if (!Array.isArray(value)) return other(value);
  let changed = false;
  let waits = false;
  const made = value.map((element, index) => {
    const one = typeof element === "object" || typeof element === "function" ? make(element, index) : element;
    waits ||= one instanceof Promise;
    changed ||= one !== element;
    return one;
  });
  return waits ? Promise.all(made) : changed ? made : value;
}

function then<T, U>(value: Maybe<T>, make: (value: T) => U): Maybe<U> {
  return value instanceof Promise ? value.then(make) : make(value);
}
