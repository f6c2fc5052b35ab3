// The tokenizers' WebAssembly, and texts in and out of it. A module of its own: it is made for speed, the core for size, and who
// never counts does not load it.
import { describe, errorOf, type LlmError } from "../errors.ts";
import { counter, tokensSource, VOCABULARIES, type TokensSource } from "./source.ts";

/** What `tokens/src/exports.rs` exports. Negative numbers are failures. */
interface Exports {
  memory: WebAssembly.Memory;
  input(length: number): number;
  output(): number;
  tokens(): number;
  encoding_of(length: number): number;
  load(encoding: number, length: number): number;
  count(tokenizer: number, length: number): number;
  fits(tokenizer: number, length: number, limit: number): number;
  encode(tokenizer: number, encoding: number, length: number, allowed: number): number;
  is_special(encoding: number, length: number): number;
  decode(tokenizer: number, encoding: number, length: number): number;
  truncate(tokenizer: number, length: number, most: number, keepEnd: number): number;
  counter_new(tokenizer: number): number;
  counter_append(counter: number, length: number, keep: number): number;
  counter_free(counter: number): void;
}

/** As `Encoding::ALL` in the crate has them: an encoding is its place here. */
export const ENCODINGS = ["o200k_base", "o200k_harmony", "cl100k_base", "p50k_base"] as const;
/** UTF-16 units: three times as many bytes are what WebAssembly can be asked for at once. */
const LONGEST = 1 << 28;

const encoder = new TextEncoder();
let exports: Exports | undefined;
/** The tokenizer of each vocabulary. */
const loaded = new Map<string, number>();
const underWay = new Map<string, Promise<number>>();
let input = new Uint8Array(0);

export function core(): Exports {
  return exports!;
}

/** Writes a text where the module reads, after `before` bytes that are there already: its length in bytes. */
export function write(text: string, before = 0): number {
  if (text.length > LONGEST) throw errorOf("invalid-request", `a text of ${text.length} characters is too long to be counted at once; at most ${LONGEST} are`);
  const room = before + text.length * 3;
  const address = exports!.input(room);
  // The memory may have grown, and the area may have moved.
  if (input.byteOffset !== address || input.length < room || input.buffer !== exports!.memory.buffer) {
    input = new Uint8Array(exports!.memory.buffer, address, Math.max(room, 1 << 12));
  }
  return encoder.encodeInto(text, before === 0 ? input : input.subarray(before)).written;
}

/** Writes bytes where the module reads. */
export function writeBytes(bytes: Uint8Array): number {
  const address = exports!.input(bytes.length);
  new Uint8Array(exports!.memory.buffer, address, bytes.length).set(bytes);
  return bytes.length;
}

/** Which encoding a model has. */
export async function encodingOf(model: string): Promise<{ index: number; exact: boolean }> {
  await loadModule();
  const found = exports!.encoding_of(write(model));
  return { index: found % 16, exact: found < 16 };
}

/** The tokenizer of an encoding. Whoever asks for it while it is fetched waits for the same; after a failure it is tried again. */
export async function loadEncoding(index: number): Promise<number> {
  // harmony has the vocabulary of o200k_base.
  const name = ENCODINGS[index === 1 ? 0 : index]!;
  const done = loaded.get(name);
  if (done !== undefined) return done;
  const source = await loadModule();
  if (source.alone) return load(source, name, index);
  let fetching = underWay.get(name);
  if (!fetching) {
    fetching = load(source, name, index).finally(() => underWay.delete(name));
    underWay.set(name, fetching);
  }
  return fetching;
}

async function load(source: TokensSource, name: string, index: number): Promise<number> {
  for (const again of [false, true]) {
    let file: Uint8Array<ArrayBuffer> | undefined;
    try {
      file = await fetched(source, name, again);
    } catch (thrown) {
      if (again) throw failure(`the vocabulary ${name}`, thrown);
    }
    const other = loaded.get(name);
    if (other !== undefined) return other;
    const tokenizer = file ? exports!.load(index, writeBytes(file)) : -1;
    if (tokenizer >= 0) {
      loaded.set(name, tokenizer);
      counter.count = countBytes;
      counter.countSlowly = countSlowly;
      return tokenizer;
    }
  }
  throw failure(`the vocabulary ${name}`, "the file is damaged, or of another version of this package");
}

// For the core, whose texts are UTF-8 already.
function countBytes(encoding: string, text: Uint8Array): number {
  const tokenizer = tokenizerOf(encoding);
  return tokenizer === undefined ? -1 : exports!.count(tokenizer, writeBytes(text));
}

/** What is counted at once, and for how long others may have to wait: half of what browsers call a long task, for slower machines. */
const SLICE_BYTES = 16 * 1024;
const TURN_MS = 15;

async function countSlowly(encoding: string, bytes: Uint8Array): Promise<number> {
  const tokenizer = tokenizerOf(encoding);
  if (tokenizer === undefined) return -1;
  // The core's memory may be another one after the first turn.
  const text = bytes.slice();
  const slices = exports!.counter_new(tokenizer);
  try {
    let count = 0;
    let since = performance.now();
    for (let start = 0; start < text.length; ) {
      let end = Math.min(start + SLICE_BYTES, text.length);
      // Not within a character.
      while (end > start + 4 && end < text.length && (text[end]! & 0xc0) === 0x80) end--;
      const slice = text.subarray(start, end);
      count = exports!.counter_append(slices, writeBytes(slice), slice.length);
      start = end;
      if (start < text.length && performance.now() - since > TURN_MS) {
        await turn();
        since = performance.now();
      }
    }
    return count;
  } finally {
    exports!.counter_free(slices);
  }
}

/** Lets everything else that waits go first. */
function turn(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?(): Promise<void> } };
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

function tokenizerOf(encoding: string): number | undefined {
  return loaded.get(encoding === "o200k_harmony" ? "o200k_base" : encoding);
}

/** For the core: the same by name. */
export async function loadNamed(encoding: string): Promise<void> {
  await loadEncoding(ENCODINGS.indexOf(encoding as (typeof ENCODINGS)[number]));
}

async function loadModule(): Promise<TokensSource> {
  const from = tokensSource();
  if (!from) {
    const names = VOCABULARIES.map((name) => `"modelwire/tokens/${name}"`).join(", ");
    throw errorOf("config", `no tokenizer came with this entry of the package: import ${names}, whichever is needed`);
  }
  const source = await from;
  if (exports) return source;
  for (const again of [false, true]) {
    try {
      const made: unknown = await WebAssembly.instantiate(await source.module(again), {});
      const { instance } = made as Partial<WebAssembly.WebAssemblyInstantiatedSource>;
      exports ??= (instance ?? (made as WebAssembly.Instance)).exports as unknown as Exports;
      break;
    } catch (thrown) {
      if (again) throw failure("the tokenizers' module", thrown);
    }
  }
  return source;
}

async function fetched(source: TokensSource, name: string, again: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.vocabulary(name, again);
  // Some servers unzip what they know to be zipped.
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  if (source.unzip) return source.unzip(bytes);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

function failure(what: string, thrown: unknown): LlmError {
  return errorOf("config", `${what} did not load: ${typeof thrown === "string" ? thrown : describe(thrown)}`, thrown);
}
