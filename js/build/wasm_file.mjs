// A WebAssembly file as its parts, as far as splitting one needs them (WebAssembly core specification, chapter 5; the linker's own
// sections: WebAssembly/tool-conventions, Linking.md).

/** The sections' numbers. */
export const CUSTOM = 0;
export const TYPE = 1;
export const IMPORT = 2;
export const FUNCTION = 3;
export const TABLE = 4;
export const MEMORY = 5;
export const GLOBAL = 6;
export const EXPORT = 7;
export const START = 8;
export const ELEMENT = 9;
export const CODE = 10;
export const DATA = 11;
export const DATA_COUNT = 12;

/** What an import or an export is. */
export const kinds = { func: 0, table: 1, memory: 2, global: 3 };

const HEAD = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/** Reads what a file has: `{id, name, body}` each, `name` of custom sections only. */
export function sectionsOf(file) {
  const reader = new Reader(file, HEAD.length);
  const sections = [];
  while (reader.more()) {
    const id = reader.byte();
    let body = reader.bytes();
    let name;
    if (id === CUSTOM) {
      const inside = new Reader(body);
      name = inside.text();
      body = body.subarray(inside.at);
    }
    sections.push({ id, name, body });
  }
  return sections;
}

/** The file again. */
export function fileOf(sections) {
  const parts = sections.map(({ id, name, body }) => Buffer.concat([Buffer.from([id]), sized(name === undefined ? body : Buffer.concat([text(name), body]))]));
  return Buffer.concat([HEAD, ...parts]);
}

/** The body of a section; an empty list for one that is not there. */
export function bodyOf(sections, id, name) {
  return sections.find((section) => section.id === id && section.name === name)?.body ?? Buffer.from([0]);
}

/** A list, read by `read` item by item: a section's body, or what a reader is at. */
export function list(source, read) {
  const reader = source instanceof Reader ? source : new Reader(source);
  return Array.from({ length: reader.number() }, (_, index) => read(reader, index));
}

/** A list, written. */
export const listed = (items) => Buffer.concat([number(items.length), ...items]);

/** The names of functions, by index. */
export function functionNames(sections) {
  const reader = new Reader(sections.find(({ name }) => name === "name")?.body ?? Buffer.alloc(0));
  const names = new Map();
  while (reader.more()) {
    const kind = reader.byte();
    const body = reader.bytes();
    if (kind === 1) for (const [index, name] of list(body, (reader) => [reader.number(), reader.text()])) names.set(index, name);
  }
  return names;
}

/** `{module, name, kind, description}` each; the description as it is written. */
export function importsOf(sections) {
  return list(bodyOf(sections, IMPORT), (reader) => {
    const [module, name, kind] = [reader.text(), reader.text(), reader.byte()];
    return { module, name, kind, description: reader.description(kind) };
  });
}

/** `{name, kind, index}` each. */
export function exportsOf(sections) {
  return list(bodyOf(sections, EXPORT), (reader) => ({ name: reader.text(), kind: reader.byte(), index: reader.number() }));
}

/** Imports, written. */
export const importSection = (items) =>
  listed(items.map(({ module, name, kind, description }) => Buffer.concat([text(module), text(name), Buffer.from([kind]), description])));

/** Exports, written. */
export const exportSection = (items) => listed(items.map(({ name, kind, index }) => Buffer.concat([text(name), Buffer.from([kind]), number(index)])));

/** `[slot, function]` of everything that is put into the table of functions when the module starts. */
export function slotsOf(sections) {
  return list(bodyOf(sections, ELEMENT), (reader) => {
    if (reader.number() !== 0) throw new Error("a segment of elements that is not plain");
    const offset = reader.constant();
    return list(reader, (reader, index) => [offset + index, reader.number()]);
  }).flat();
}

/** `{address, bytes, at}` of each segment of data; `at`: where its bytes stand in the section. */
export function dataOf(sections) {
  return list(bodyOf(sections, DATA), (reader) => {
    if (reader.number() !== 0) throw new Error("a segment of data that is not plain");
    const address = reader.constant();
    const bytes = reader.bytes();
    return { address, bytes, at: reader.at - bytes.length };
  });
}

/** The segments with zeros in place of these pieces (`{address, length}`). */
export function blanked(segments, pieces) {
  return segments.map(({ address, bytes }) => {
    const left = Buffer.from(bytes);
    for (const piece of pieces) {
      const start = piece.address - address;
      if (start >= 0 && start + piece.length <= left.length) left.fill(0, start, start + piece.length);
    }
    return { address, bytes: left };
  });
}

/** Active segments of data. */
export const dataSection = (segments) => listed(segments.map(({ address, bytes }) => Buffer.concat([number(0), constant(address), sized(bytes)])));

/** A function that is nothing but a trap. */
export const TRAP = Buffer.from([0, 0x00, 0x0b]);

/** Active segments of the table of functions, one a run of slots. */
export function elementSection(slots) {
  const runs = [];
  for (const [slot, func] of [...slots].sort(([a], [b]) => a - b)) {
    const last = runs.at(-1);
    if (last && last.slot + last.funcs.length === slot) last.funcs.push(func);
    else runs.push({ slot, funcs: [func] });
  }
  return listed(runs.map(({ slot, funcs }) => Buffer.concat([number(0), constant(slot), listed(funcs.map(number))])));
}

/** Functions that a body calls by name (not through the table). */
export function callsOf(body) {
  const reader = new Reader(body);
  const calls = [];
  for (let groups = reader.number(); groups > 0; groups--) {
    reader.number();
    reader.number();
  }
  while (reader.more()) {
    const code = reader.byte();
    if (code === 0x10 || code === 0xd2) calls.push(reader.number());
    else operands(reader, code);
  }
  return calls;
}

// How many bytes follow an instruction, which is all that is asked of it.
function operands(reader, code) {
  const numbers = (count) => {
    for (; count > 0; count--) reader.number();
  };
  if (code >= 0x45 && code <= 0xc4) return;
  if (code >= 0x28 && code <= 0x3e) return numbers(2);
  if (code >= 0x20 && code <= 0x26) return numbers(1);
  switch (code) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b:
    case 0xd1:
      return;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x0c:
    case 0x0d:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd0:
      return numbers(1);
    case 0x11:
      return numbers(2);
    case 0x0e:
    case 0x1c:
      return numbers(reader.number() + (code === 0x0e ? 1 : 0));
    case 0x43:
      reader.at += 4;
      return;
    case 0x44:
      reader.at += 8;
      return;
    case 0xfc: {
      const more = reader.number();
      if (more > 17) break;
      return numbers(more < 8 ? 0 : [8, 10, 12, 14].includes(more) ? 2 : 1);
    }
  }
  throw new Error(`an instruction that is not known here: 0x${code.toString(16)}`);
}

/** Where something is read. */
export class Reader {
  constructor(source, at = 0) {
    this.source = source;
    this.at = at;
  }

  more() {
    return this.at < this.source.length;
  }

  byte() {
    return this.source[this.at++];
  }

  /** LEB128 without a sign. Of one with a sign, or of 64 bits, it is read past and the value is none. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  signed() {
    let value = 0;
    for (let shift = 0; ; ) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      shift += 7;
      if (byte < 128) return shift < 32 && byte & 64 ? value | (-1 << shift) : value;
    }
  }

  bytes() {
    const length = this.number();
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }

  text() {
    return this.bytes().toString("utf8");
  }

  /** `i32.const` and its end. */
  constant() {
    if (this.byte() !== 0x41) throw new Error("an offset that is not constant");
    const value = this.signed();
    this.at++;
    return value;
  }

  /** Of an import, or of a table, memory or global, as it is written. */
  description(kind) {
    const start = this.at;
    if (kind === kinds.global) this.at += 2;
    else {
      if (kind === kinds.table) this.at++;
      const flags = this.number();
      if (kind !== kinds.func) for (let left = flags & 1 ? 2 : 1; left > 0; left--) this.number();
    }
    return this.source.subarray(start, this.at);
  }
}

/** LEB128 without a sign. */
export function number(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

function signed(value) {
  const bytes = [];
  for (;;) {
    const byte = value & 127;
    value >>= 7;
    if ((value === 0 && !(byte & 64)) || (value === -1 && byte & 64)) return Buffer.from([...bytes, byte]);
    bytes.push(byte | 128);
  }
}

/** `i32.const`. */
export const i32 = (value) => Buffer.concat([Buffer.from([0x41]), signed(value)]);

const constant = (value) => Buffer.concat([i32(value), Buffer.from([0x0b])]);

/** Bytes behind their length. */
export const sized = (bytes) => Buffer.concat([number(bytes.length), bytes]);

const text = (value) => sized(Buffer.from(value));
