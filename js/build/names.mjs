// Shorter names between the wasm and its glue. wasm-bindgen names an import after what it does and a hash, so that modules
// can be linked; nothing is linked here, each name stands once in either file, and hashes do not compress.

/** Renames the imports, and the exports that only the glue calls, in both files alike: `[wasm, glue]`. */
export function shortenNames(wasm, glue) {
  const names = new Map();
  const shorten = (name) => {
    if (!/_[0-9a-f]{16}(_\d+)?$|__h[0-9a-f]{16}(_\d+)?$|^\.\/|^__wbindgen_(init|cast|object)/.test(name)) return name;
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };
  const sections = [wasm.subarray(0, 8)];
  const reader = new Reader(wasm, 8);
  while (reader.at < wasm.length) {
    const id = wasm[reader.at++];
    const body = reader.bytes();
    const rewritten = id === 2 ? imports(body, shorten) : id === 7 ? exports(body, shorten) : body;
    sections.push(Buffer.from([id]), number(rewritten.length), rewritten);
  }
  // The longest first: one name may begin another.
  const given = [...names.keys()].sort((a, b) => b.length - a.length);
  const script = given.reduce((text, name) => text.replaceAll(name, () => names.get(name)), glue);
  return [Buffer.concat(sections), script];
}

function imports(body, shorten) {
  const reader = new Reader(body, 0);
  const count = reader.number();
  const parts = [number(count)];
  for (let index = 0; index < count; index++) {
    parts.push(text(shorten(reader.text())), text(shorten(reader.text())), reader.description());
  }
  return Buffer.concat(parts);
}

function exports(body, shorten) {
  const reader = new Reader(body, 0);
  const count = reader.number();
  const parts = [number(count)];
  for (let index = 0; index < count; index++) {
    parts.push(text(shorten(reader.text())), body.subarray(reader.at, reader.at + 1));
    reader.at++;
    parts.push(number(reader.number()));
  }
  return Buffer.concat(parts);
}

// The binary format, as far as these two sections need it (WebAssembly core specification, §5.5).
class Reader {
  constructor(source, at) {
    this.source = source;
    this.at = at;
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.source[this.at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  bytes() {
    const length = this.number();
    return this.source.subarray(this.at, (this.at += length));
  }

  text() {
    return this.bytes().toString("utf8");
  }

  /** What is imported: a function's type, a table, a memory, or a global. */
  description() {
    const start = this.at;
    const kind = this.source[this.at++];
    if (kind === 0) this.number();
    else if (kind === 3) this.at += 2;
    else {
      if (kind === 1) this.at++;
      const limits = this.source[this.at++];
      this.number();
      if (limits & 1) this.number();
    }
    return this.source.subarray(start, this.at);
  }
}

function number(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

function text(value) {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([number(bytes.length), bytes]);
}
