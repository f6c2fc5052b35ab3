// What a linked module consists of and what of it leads where: read from the linker's relocations, which say of every address of a
// function or of data where it is used. The instructions alone do not: there an address is a number like any other.
import { bodyOf, CODE, dataOf, exportsOf, functionNames, importsOf, kinds, list, Reader, sectionsOf } from "./wasm_file.mjs";

// Of relocations (Linking.md): what refers to a type, a global or a table is of no interest.
const WITHOUT_TARGET = new Set([6, 7, 20]);
const WITH_ADDEND = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23]);
const FUNCTION_SYMBOL = 0;
const DATA_SYMBOL = 1;
const UNDEFINED = 0x10;
const NAMED = 0x40;

/**
 * The name of a function as its source has it: without the hash that the linker's file has in the names of exports, and what
 * wasm-bindgen says of those that it puts around others.
 */
export const plainName = (name) => name.replace(/( (externref|multivalue) shim)+$/, "").replace(/_[0-9a-f]{16}$/, "");

/** A function's path, of its mangled name: "modelwire::engine::send::room_of". Which type it is of is left out, and the hash. */
export function pathOf(mangled) {
  const path = [];
  for (let rest = /^_ZN(.*)E$/.exec(mangled)?.[1] ?? ""; rest !== ""; ) {
    const [digits] = /^\d+/.exec(rest) ?? [];
    if (!digits) break;
    const end = digits.length + Number(digits);
    path.push(rest.slice(digits.length, end));
    rest = rest.slice(end);
  }
  return path.slice(0, -1).filter((part) => !part.includes("$LT$")).join("::");
}

/**
 * What is reached from nothing but the exports and functions that `isLate` accepts, by their names: `functions` (names), and `data`
 * (`{address, length}` each). `linked`: the linker's file, made with --emit-relocs.
 */
export function reachedLate(linked, isLate) {
  const sections = sectionsOf(linked);
  const symbols = symbolsOf(sections);
  const segments = dataOf(sections);
  const edges = edgesOf(sections, symbols, segments);
  // What describes exports to wasm-bindgen is gone once it has read that.
  const roots = exportsOf(sections).filter(({ name, kind }) => kind === kinds.func && !name.startsWith("__wbindgen_describe"));
  const names = new Map([...functionNames(sections)].map(([index, name]) => [index, plainName(name)]));
  const nodes = ([index]) => `f${index}`;
  const isLateRoot = ({ name }) => isLate(plainName(name));
  const doors = [...names].filter(([, name]) => isLate(name)).map(nodes);
  const early = reach(edges, roots.filter((root) => !isLateRoot(root)).map(({ index }) => `f${index}`), new Set(doors));
  const late = [...reach(edges, [...doors, ...roots.filter(isLateRoot).map(({ index }) => `f${index}`)])].filter((node) => !early.has(node));

  // Several functions may have one name: then all of them are early if one is.
  const earlyNames = new Set([...early].filter((node) => node[0] === "f").map((node) => names.get(Number(node.slice(1)))));
  const functions = new Set();
  const data = [];
  for (const node of late) {
    const index = Number(node.slice(1));
    if (node[0] === "f") functions.add(names.get(index));
    else data.push(place(symbols[index], segments));
  }
  const kept = [...early].filter((node) => node[0] === "d").map((node) => place(symbols[Number(node.slice(1))], segments));
  const overlaps = (a, b) => a.address < b.address + b.length && b.address < a.address + a.length;
  return {
    functions: new Set([...functions].filter((name) => !earlyNames.has(name))),
    data: data.filter((piece) => piece.length > 0 && !kept.some((other) => overlaps(piece, other))),
  };
}

/** Where a symbol of data is in memory. */
export function place({ segment, offset, length }, segments) {
  return { address: segments[segment].address + offset, length };
}

// Nodes: "f" and the index of a function, "d" and the number of a symbol of data.
function edgesOf(sections, symbols, segments) {
  const edges = new Map();
  const add = (from, to) => edges.set(from, (edges.get(from) ?? new Set()).add(to));
  const target = (number) => {
    const symbol = symbols[number];
    return symbol.kind === FUNCTION_SYMBOL ? `f${symbol.index}` : symbol.kind === DATA_SYMBOL && symbol.length !== undefined ? `d${number}` : undefined;
  };

  const imported = importsOf(sections).filter(({ kind }) => kind === kinds.func).length;
  const bodies = list(bodyOf(sections, CODE), (reader, index) => ({ node: `f${imported + index}`, length: reader.bytes().length, end: reader.at }));
  let next = 0;
  for (const { offset, symbol } of relocationsOf(sections, "reloc.CODE")) {
    while (bodies[next].end <= offset) next++;
    const to = target(symbol);
    if (to) add(bodies[next].node, to);
  }

  const pieces = symbols.flatMap((symbol, number) => {
    if (symbol.kind !== DATA_SYMBOL || symbol.length === undefined) return [];
    const start = segments[symbol.segment].at + symbol.offset;
    return { node: `d${number}`, start, end: start + symbol.length };
  });
  for (const { offset, symbol } of relocationsOf(sections, "reloc.DATA")) {
    const to = target(symbol);
    const holders = pieces.filter(({ start, end }) => start <= offset && offset < end);
    if (holders.length === 0) throw new Error("an address stands in data that has no symbol");
    if (to) for (const { node } of holders) add(node, to);
  }
  return edges;
}

function reach(edges, roots, closed = new Set()) {
  const seen = new Set(roots);
  for (const node of seen) for (const next of edges.get(node) ?? []) if (!closed.has(next)) seen.add(next);
  return seen;
}

/** `{offset, symbol}` each, by offset in the section that they are about. */
export function relocationsOf(sections, name) {
  const found = sections.find((section) => section.name === name);
  if (!found) throw new Error(`the linked module has no ${name}: was it made with --emit-relocs?`);
  const reader = new Reader(found.body);
  reader.number();
  const all = list(reader, (reader) => {
    const type = reader.byte();
    const relocation = { type, offset: reader.number(), symbol: reader.number() };
    if (WITH_ADDEND.has(type)) reader.number();
    return relocation;
  });
  return all.filter(({ type }) => !WITHOUT_TARGET.has(type)).sort((a, b) => a.offset - b.offset);
}

/** The linker's symbols: of functions `index`, of data `segment`, `offset` and `length`. */
export function symbolsOf(sections) {
  const reader = new Reader(sections.find(({ name }) => name === "linking")?.body ?? Buffer.from([2]));
  reader.number();
  let symbols = [];
  while (reader.more()) {
    const kind = reader.byte();
    const body = reader.bytes();
    if (kind === 8) symbols = list(body, symbolOf);
  }
  return symbols;
}

function symbolOf(reader) {
  const kind = reader.byte();
  const flags = reader.number();
  const isThere = !(flags & UNDEFINED);
  if (kind === DATA_SYMBOL) {
    reader.text();
    return isThere ? { kind, segment: reader.number(), offset: reader.number(), length: reader.number() } : { kind };
  }
  const index = reader.number();
  // A section's symbol has no name.
  if (kind !== 3 && (isThere || flags & NAMED)) reader.text();
  return { kind, index };
}
