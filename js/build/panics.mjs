// What a panic says, taken out: on this target nobody hears it. The standard library writes it to a standard error that there is
// not, and then ends the module's work with a trap, which is what is left here. (What panics all the same is a bug: no export may.)
import { place, relocationsOf, symbolsOf } from "./reach.mjs";
import { blanked, bodyOf, CODE, DATA, dataOf, dataSection, fileOf, functionNames, importsOf, kinds, list, listed, sectionsOf, sized, TRAP } from "./wasm_file.mjs";

// Functions of the standard library that never return and do nothing but say why, by their mangled names.
const SAYS_WHY =
  /^_R.*Cs\w+?_(4core9panicking|(4core|5alloc|3std|7___rustc)\w*\d(slice_index_fail|slice_error_fail|len_mismatch_fail|unwrap_failed|expect_failed|assert_failed|panic_already_\w*|panic_poisoned|panic_access_error|handle_error|handle_alloc_error|capacity_overflow|rust_begin_unwind)$)/;

/** `bound`, wasm-bindgen's file, without what panics say. `linked`: what it was made of, with relocations. */
export function silenced(bound, linked) {
  const sections = sectionsOf(bound);
  const names = functionNames(sections);
  const imported = importsOf(sections).filter(({ kind }) => kind === kinds.func).length;
  const bodies = list(bodyOf(sections, CODE), (reader) => reader.bytes());
  const parts = {
    [CODE]: listed(bodies.map((body, index) => sized(SAYS_WHY.test(names.get(imported + index)) ? TRAP : body))),
    [DATA]: dataSection(blanked(dataOf(sections), locations(linked))),
  };
  return fileOf(sections.map((section) => ({ ...section, body: parts[section.id] ?? section.body })));
}

/** Where the linker's file has what such functions are told: `Location`s (a file's name, a line, a column), and those names. */
function locations(linked) {
  const sections = sectionsOf(linked);
  const symbols = symbolsOf(sections);
  const segments = dataOf(sections);
  const bytesOf = (symbol) => segments[symbol.segment].bytes.subarray(symbol.offset, symbol.offset + symbol.length);
  const isThere = ({ length }) => length !== undefined;
  const targets = new Map(relocationsOf(sections, "reloc.DATA").map(({ offset, symbol }) => [offset, symbols[symbol]]));
  const found = new Set();
  for (const symbol of symbols.filter(isThere)) {
    if (symbol.length !== 16) continue;
    const file = targets.get(segments[symbol.segment].at + symbol.offset);
    if (!file || !isThere(file) || !/^[\x20-\x7e]+\.rs\0?$/.test(bytesOf(file).toString("latin1"))) continue;
    // How long the name is: with the zero behind it, or without.
    if (![0, 1].includes(file.length - bytesOf(symbol).readUInt32LE(4))) continue;
    found.add(symbol).add(file);
  }
  return [...found].map((symbol) => place(symbol, segments));
}
