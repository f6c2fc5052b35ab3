// What wasm-bindgen's glue does slowly.

const slow = "let offset = 0;\n\n    for (; offset < len; offset++) {";
const quick = `let offset = 0;
    if (len > 200) {
        const { read, written } = cachedTextEncoder.encodeInto(arg, mem.subarray(ptr, ptr + len));
        if (read === len) {
            WASM_VECTOR_LEN = written;
            return ptr;
        }
    }

    for (; offset < len; offset++) {`;

/** Long strings are written by the platform's encoder and not letter by letter: of a megabyte that takes six milliseconds. */
export function quickStrings(glue) {
  if (!glue.includes(slow)) throw new Error("wasm-bindgen's glue has changed: js/build/glue.mjs does not find its loop");
  return glue.replace(slow, () => quick);
}
