// Prompt templates.

/** The names in a literal template; `string` when it is not a literal. */
export type TemplateVariables<S extends string> = string extends S
  ? string
  : S extends `${string}{${infer N}}${infer R}`
    ? TemplateName<N, AfterLastBrace<N>> | TemplateVariables<R>
    : never;
type AfterLastBrace<N extends string> = N extends `${string}{${infer X}` ? AfterLastBrace<X> : N;
// Approximate where types must be: what the compiler takes for a literal and is a variable is found by `render`.
type TemplateName<N extends string, L extends string> = `{${N}` extends `${string}{{${L}`
  ? never
  : L extends "" | `${string}${" " | "\n" | "\t" | '"' | "'" | ":" | "." | "-" | "," | ";" | "(" | "$"}${string}`
    ? never
    : L;

/**
 * A text with places for values.
 *
 * | in the template | rendered |
 * |---|---|
 * | `{name}`: a letter or `_`, then letters, digits, `_` | the value |
 * | `{{name}}` | `{name}`, the text; of more pairs, one is taken off |
 * | `{"k":{name}}`: more on one side than on the other | the value, and the surplus as it is |
 * | any other brace: JSON, code, `{}`, `{ name }`, `{a.b}` | as it is |
 *
 * Values are inserted once, and never read as templates. Strings are inserted as they are, numbers, booleans, bigints and null as
 * JavaScript writes them, dates and URLs as in JSON without the quotes. A list is its items, each on a line of its own; objects, and what is in
 * the items of a list, are JSON. What has no such text (functions, promises, bytes, maps) is refused.
 */
export interface PromptTemplate<V extends string = string> {
  /** In the order in which they first appear. */
  readonly variables: V[];
  /**
   * Throws an `LlmError` with code "template" that names every variable without a value (`undefined` is none). Values that the template has
   * no place for are warned about on the console, each once.
   */
  render(values: Record<V, unknown>): string;
}

/** One prompt, as `PromptLibrary` exports it. */
export interface ExportedPrompt {
  template: string;
  variables: string[];
  /** Of this format, not of the prompt. */
  version: 1;
}
