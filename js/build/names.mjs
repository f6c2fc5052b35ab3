// Shorter names between the wasm and its glue. wasm-bindgen names an import after what it does and a hash, so that modules
// can be linked; nothing is linked here, each name stands once in either file, and hashes do not compress.
import { EXPORT, exportSection, exportsOf, fileOf, IMPORT, importSection, importsOf, sectionsOf } from "./wasm_file.mjs";

/** Renames the imports, and the exports that only the glue calls, in all files alike: `[glue, ...files]`. */
export function shortenNames(glue, ...files) {
  const names = new Map();
  const shorten = (name) => {
    if (!/_[0-9a-f]{16}(_\d+)?$|__h[0-9a-f]{16}(_\d+)?$|^\.\/|^__wbindgen_(init|cast|object)/.test(name)) return name;
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };
  const shortened = files.map((file) => {
    const sections = sectionsOf(file);
    const imports = importSection(importsOf(sections).map((item) => ({ ...item, module: shorten(item.module), name: shorten(item.name) })));
    const exports = exportSection(exportsOf(sections).map((item) => ({ ...item, name: shorten(item.name) })));
    return fileOf(sections.map((section) => ({ ...section, body: section.id === IMPORT ? imports : section.id === EXPORT ? exports : section.body })));
  });
  // The longest first: one name may begin another.
  const given = [...names.keys()].sort((a, b) => b.length - a.length);
  const script = given.reduce((text, name) => text.replaceAll(name, () => names.get(name)), glue);
  return [script, ...shortened];
}
