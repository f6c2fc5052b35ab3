// One module in two: what a page needs at once, and what few pages ever call, which is loaded when it is called first. Both run as
// one: the second has the first's memory, tables and globals, and its functions are put into the first's table.
//
// Nothing is decided about the code: a function is late if no path leads to it from the exports that are early (reach.mjs), so
// that an early function cannot call one that is not there yet.
import { createHash } from "node:crypto";
import { pathOf, plainName, reachedLate } from "./reach.mjs";
import {
  blanked, bodyOf, callsOf, CODE, CUSTOM, DATA, DATA_COUNT, dataOf, dataSection, ELEMENT, elementSection, EXPORT, exportSection, exportsOf,
  fileOf, FUNCTION, functionNames, GLOBAL, i32, IMPORT, importSection, importsOf, kinds, list, listed, MEMORY, number, Reader, sectionsOf, sized,
  slotsOf, START, TABLE, TRAP, TYPE,
} from "./wasm_file.mjs";

/** The second's imports of the first, and what their names begin with: js/wasm.ts knows a half by it. */
const SHARED = "=";

/**
 * Splits `bound`, wasm-bindgen's unoptimised file with the names of its functions: `{early, late}`. `linked`: what it was made
 * of, with relocations. `exports` and `functions` (paths): what the second is for.
 */
export function split(bound, linked, { exports, functions }) {
  const sections = sectionsOf(bound);
  const names = new Map([...functionNames(sections)].map(([index, name]) => [index, plainName(name)]));
  const isLate = (name) => exports.includes(name) || functions.includes(pathOf(name));
  const all = new Set([...names.values()].flatMap((name) => [name, pathOf(name)]));
  // Inlined, or called something else by now: all that is behind it would be in the first.
  for (const door of [...exports, ...functions]) if (!all.has(door)) throw new Error(`there is no ${door} in the module`);
  const late = reachedLate(linked, isLate);
  const imports = importsOf(sections);
  const imported = imports.filter(({ kind }) => kind === kinds.func).length;
  const types = list(bodyOf(sections, TYPE), signature);
  const typeOf = list(bodyOf(sections, FUNCTION), (reader) => reader.number());
  const bodies = list(bodyOf(sections, CODE), (reader) => reader.bytes());
  const isLateFunction = bodies.map((_, index) => late.functions.has(names.get(imported + index)));

  const slots = slotsOf(sections);
  const exported = exportsOf(sections);
  const called = (from) => new Set(bodies.flatMap((body, index) => (isLateFunction[index] === from ? callsOf(body) : [])).map((func) => func - imported));
  // Where the two meet: each is reached from the other through a slot of the table.
  const entrances = [...new Set([...called(false), ...exported.filter(({ kind }) => kind === kinds.func).map(({ index }) => index - imported)])].filter((index) => isLateFunction[index]);
  const services = [...called(true)].filter((index) => index >= 0 && !isLateFunction[index]);
  for (const index of entrances) {
    const name = names.get(imported + index);
    if (!isLate(name)) throw new Error(`${name} is called before it is loaded`);
  }
  const first = Math.max(...slots.map(([slot]) => slot)) + 1;
  const slot = new Map([...entrances, ...services].map((index, place) => [index, first + place]));
  const through = (index) => trampoline(types[typeOf[index]], typeOf[index], slot.get(index));
  const own = (wanted) => slots.filter(([, func]) => func >= imported && isLateFunction[func - imported] === wanted);
  const added = (indices) => indices.map((index) => [slot.get(index), imported + index]);
  const code = (wanted) => listed(bodies.map((body, index) => sized(isLateFunction[index] === wanted ? body : slot.has(index) ? through(index) : TRAP)));

  const tables = list(bodyOf(sections, TABLE), (reader) => reader.description(kinds.table));
  const memories = list(bodyOf(sections, MEMORY), (reader) => reader.description(kinds.memory));
  const globals = list(bodyOf(sections, GLOBAL), globalOf);
  const functionTable = tables.findIndex((table) => table[0] === 0x70);
  if (functionTable !== 0) throw new Error("the table of functions is not the first");
  tables[0] = enlarged(tables[0], first + slot.size);
  // Halves of different builds do not fit, and must not be put together: a browser may have kept one of them.
  const tag = createHash("sha256").update(fileOf(sections.filter(({ id }) => id !== CUSTOM))).digest("hex").slice(0, 6);
  const shared = [
    ...tables.map((description, index) => ({ kind: kinds.table, index, description })),
    ...memories.map((description, index) => ({ kind: kinds.memory, index, description })),
    ...globals.map((description, index) => ({ kind: kinds.global, index, description })),
  ].map((item, index) => ({ ...item, name: `${SHARED}${tag}${index}` }));
  const data = dataOf(sections);

  const early = {
    [TABLE]: listed(tables),
    [ELEMENT]: elementSection([...slots.filter(([, func]) => func < imported), ...own(false), ...added(services)]),
    [CODE]: code(false),
    [DATA]: dataSection(blanked(data, late.data)),
    [EXPORT]: exportSection([...exported, ...shared]),
  };
  const lateOnly = {
    [IMPORT]: importSection([...imports, ...shared.map((item) => ({ ...item, module: SHARED }))]),
    [ELEMENT]: elementSection([...own(true), ...added(entrances)]),
    [CODE]: code(true),
    [DATA]: dataSection(pieces(data, late.data)),
  };
  const gone = [TABLE, MEMORY, GLOBAL, EXPORT, START, DATA_COUNT];
  const write = (parts, without = []) => fileOf(sections.filter(({ id }) => id !== CUSTOM && id !== DATA_COUNT && !without.includes(id)).map(({ id, body }) => ({ id, body: parts[id] ?? body })));
  return { early: write(early), late: write(lateOnly, gone) };
}

/** The file without the linker's own sections, which the optimiser does not understand. */
export function stripped(bound) {
  return fileOf(sectionsOf(bound).filter(({ name }) => name === undefined || !/^(linking|reloc\.)/.test(name)));
}

// How many parameters a type has.
function signature(reader) {
  if (reader.byte() !== 0x60) throw new Error("a type that is not a function's");
  const parameters = reader.bytes().length;
  reader.bytes();
  return parameters;
}

function globalOf(reader) {
  const description = reader.description(kinds.global);
  // The value that it begins with is the first module's.
  if (reader.byte() === 0x41) reader.number();
  else throw new Error("a global that is no i32");
  reader.byte();
  return description;
}

// Hands all parameters on to what is in the slot.
function trampoline(parameters, type, slot) {
  const gets = Array.from({ length: parameters }, (_, index) => Buffer.concat([Buffer.from([0x20]), number(index)]));
  return Buffer.concat([Buffer.from([0]), ...gets, i32(slot), Buffer.from([0x11]), number(type), Buffer.from([0, 0x0b])]);
}

function enlarged(table, size) {
  const reader = new Reader(table, 1);
  const hasEnd = reader.number() & 1;
  return Buffer.concat([table.subarray(0, 1), Buffer.from([hasEnd]), number(size), ...(hasEnd ? [number(size)] : [])]);
}

// The late pieces' own bytes; those that touch are one.
function pieces(segments, wanted) {
  const runs = [];
  for (const { address, length } of [...wanted].sort((a, b) => a.address - b.address)) {
    const last = runs.at(-1);
    if (last && address <= last.end) last.end = Math.max(last.end, address + length);
    else runs.push({ address, end: address + length });
  }
  return runs.flatMap(({ address, end }) => {
    const segment = segments.find((segment) => segment.address <= address && end <= segment.address + segment.bytes.length);
    return segment ? { address, bytes: segment.bytes.subarray(address - segment.address, end - segment.address) } : [];
  });
}
