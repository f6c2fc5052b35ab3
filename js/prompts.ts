// Prompt templates: text in, text out, at once and without the core. What reads files of them is a part by itself.
import { describe, errorOf, part } from "./errors.ts";
import type { ExportedPrompt, PromptTemplate, TemplateVariables } from "./types/prompts.ts";
import type { Message } from "./types.ts";

/** Text, and names of variables. */
type Piece = string | { name: string };

/**
 * A template whose variables are typed from its text where that is a literal. `variables`: only these are variables, and any other
 * `{name}` is text. Throws an `LlmError` with code "template" when one of them is not in the text.
 */
export function promptTemplate<S extends string>(source: S): PromptTemplate<TemplateVariables<S>>;
export function promptTemplate<V extends string>(source: string, options: { variables: V[] }): PromptTemplate<V>;
export function promptTemplate(source: string, options?: { variables: string[] }): PromptTemplate {
  return compile(source, options?.variables, "the prompt template");
}

/** The messages of a conversation, each with variables; they are given together. */
export function chatTemplate(messages: { role: "system" | "user" | "assistant"; content: string }[]): {
  readonly variables: string[];
  render(values: Record<string, unknown>): Message[];
} {
  const parsed = messages.map(({ role, content }, at) => {
    if (!["system", "user", "assistant"].includes(role)) throw errorOf("template", `messages[${at}].role must be "system", "user" or "assistant"`);
    return { role, pieces: parse(content, `messages[${at}].content`) };
  });
  const variables = namesIn(parsed.flatMap(({ pieces }) => pieces));
  const fill = filler(variables, "the chat template");
  return { variables, render: (values) => fill(values, (render) => parsed.map(({ role, pieces }) => ({ role, content: render(pieces) }))) };
}

/** Prompts by name, of one's own and from files. */
export class PromptLibrary {
  readonly #prompts = new Map<string, { source: string; prompt: PromptTemplate }>();

  /** A name that is there already gets the new prompt. Code "template" when it is none. */
  add(name: string, source: string | { template: string; variables?: string[] }): this {
    this.#put([[name, source]], "");
    return this;
  }

  /** Code "template" when there is none of this name. */
  get(name: string): PromptTemplate {
    const found = this.#prompts.get(name);
    if (!found) throw errorOf("template", `there is no prompt "${name}" (there are: ${this.names().join(", ") || "none"})`);
    return found.prompt;
  }

  has(name: string): boolean {
    return this.#prompts.has(name);
  }

  names(): string[] {
    return [...this.#prompts.keys()];
  }

  render(name: string, values: Record<string, unknown>): string {
    return this.get(name).render(values);
  }

  /**
   * Adds all prompts of a file, or none: JSON of name → text or `{ template, variables? }`, or what `toJSON` gave. A string is an address. Addresses
   * are asked with the global `fetch`, without credentials, and redirects are not followed. Errors name the file and the place in it: code "template" for
   * what is in it, "network", "not-found", "config" (a redirect) for getting it.
   */
  async load(source: string | URL | Blob | Response | Record<string, unknown>): Promise<this> {
    const { readPrompts } = await part(import("./prompt_files.ts"));
    const { prompts, from } = await readPrompts(source);
    this.#put(Object.entries(prompts), `${from}: `);
    return this;
  }

  /** For `JSON.stringify(library)`, and for `load`. */
  toJSON(): Record<string, ExportedPrompt> {
    const entries = [...this.#prompts].map(([name, { source, prompt }]) => [name, { template: source, variables: prompt.variables, version: 1 }] as const);
    return Object.fromEntries(entries);
  }

  #put(entries: [string, unknown][], from: string): void {
    const made = entries.map(([name, given]) => {
      const wrong = (what: string) => errorOf("template", `${from}the prompt "${name}" ${what}`);
      const { template, variables, version, ...others } = (typeof given === "string" ? { template: given } : (given ?? {})) as Partial<ExportedPrompt>;
      if (version !== undefined && version !== 1) throw wrong(`is of version ${JSON.stringify(version)}, which this version of modelwire does not know`);
      if (typeof template !== "string") throw wrong("must be a text or have one as its template");
      const [other] = Object.keys(others);
      if (other !== undefined) throw wrong(`has a "${other}", which means nothing here`);
      return [name, { source: template, prompt: compile(template, variables, `${from}the prompt "${name}"`) }] as const;
    });
    for (const [name, prompt] of made) this.#prompts.set(name, prompt);
  }
}

/** To begin with: `promptTemplate(examplePrompts.fewShot)`, or all of them by `load`. */
export const examplePrompts = {
  simpleQuestion: "Answer the question in one or two sentences. If you do not know, say so.\n\nQuestion: {question}\nAnswer:",
  fewShot: "{task}\n\nExamples:\n{examples}\n\nInput: {input}\nOutput:",
  stepByStep: 'Solve the problem step by step. Number the steps, and write the result on a last line that begins with "Result:".\n\nProblem: {problem}',
} as const;

function compile(source: string, declared: string[] | undefined, what: string): PromptTemplate {
  if (declared !== undefined && !(Array.isArray(declared) && declared.every((name) => typeof name === "string"))) {
    throw errorOf("template", `the variables of ${what} must be a list of names`);
  }
  const pieces = parse(source, what, declared);
  const variables = namesIn(pieces);
  const absent = declared?.filter((name) => !variables.includes(name)) ?? [];
  if (absent.length > 0) throw errorOf("template", `${what} has no ${listed(absent)}, which its variables name`);
  const fill = filler(variables, what);
  return { variables, render: (values) => fill(values, (render) => render(pieces)) };
}

// A run of braces, and the name and the other run if they follow. All of a run at once: from each brace of one that has no name it would be quadratic.
const places = /\{+(?:([\p{L}_][\p{L}\p{M}\p{Nd}_]*)(\}+))?/gu;

function parse(source: string, what: string, declared?: string[]): Piece[] {
  if (typeof source !== "string") throw errorOf("template", `${what} must be a text`);
  const pieces: Piece[] = [];
  let end = 0;
  for (const { 0: all, 1: name, 2: closing, index } of source.matchAll(places)) {
    if (name === undefined) continue;
    const isLiteral = all.startsWith("{{") && closing!.length > 1;
    if (!isLiteral && declared && !declared.includes(name)) continue;
    // One pair comes off, and what is around it stays.
    pieces.push(source.slice(end, index) + all.slice(1, all.indexOf(name)), isLiteral ? name : { name }, closing!.slice(1));
    end = index + all.length;
  }
  pieces.push(source.slice(end));
  return pieces;
}

function namesIn(pieces: Piece[]): string[] {
  return [...new Set(pieces.flatMap((piece) => (typeof piece === "string" ? [] : piece.name)))];
}

/** Checks values, and hands on what renders pieces with them. */
function filler(variables: string[], what: string) {
  const warned = new Set<string>();
  return <T>(values: Record<string, unknown>, use: (render: (pieces: Piece[]) => string) => T): T => {
    if (typeof (values ?? {}) !== "object") throw errorOf("template", `the values of ${what} must be an object`);
    // What every object inherits (`constructor`) is nobody's value.
    const given = (name: string) => (values && (Object.hasOwn(values, name) || !(name in Object.prototype)) ? values[name] : undefined);
    const missing = variables.filter((name) => given(name) === undefined);
    if (missing.length > 0) throw errorOf("template", `${what} lacks ${missing.length > 1 ? "values" : "a value"} for ${listed(missing)}`);
    const unknown = Object.keys(values ?? {}).filter((name) => !variables.includes(name) && !warned.has(name));
    if (unknown.length > 0) {
      for (const name of unknown) warned.add(name);
      console.warn(`modelwire: ${what} has no place for ${listed(unknown)} (its variables: ${variables.join(", ") || "none"})`);
    }
    const texts = new Map(variables.map((name) => [name, textOf(given(name), `the value of "${name}" in ${what}`)]));
    return use((pieces) => pieces.map((piece) => (typeof piece === "string" ? piece : texts.get(piece.name))).join(""));
  };
}

function textOf(value: unknown, what: string): string {
  return Array.isArray(value) ? value.map((item) => asText(item, what)).join("\n") : asText(value, what);
}

function asText(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  let json: string | undefined;
  try {
    json = JSON.stringify(value, (_, inner: unknown) => {
      // JSON would make `{}` of a map or a promise that somebody forgot to await, and nothing of a function.
      const [, type] = /^\[object (.*)\]$/.exec(Object.prototype.toString.call(inner))!;
      if (typeof inner === "function" || typeof inner === "symbol" || (typeof inner === "object" && !["Object", "Array", "Null"].includes(type!))) throw new Error(`a ${type} has no text`);
      return typeof inner === "bigint" ? String(inner) : inner;
    });
  } catch (thrown) {
    throw errorOf("template", `${what} cannot be written as text: ${describe(thrown)}`, thrown);
  }
  if (json === undefined) throw errorOf("template", `${what} cannot be written as text`);
  // A date or an address, which are texts in JSON.
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function listed(names: string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
