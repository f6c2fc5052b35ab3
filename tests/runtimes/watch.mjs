// Counts instantiations of the package's WebAssembly. To be imported before the package, so that it also sees what importing
// that does. By an export of it, because runtimes bring WebAssembly of their own (the HTTP parser of Node's fetch).

/** How many so far. */
export const loads = { count: 0 };

const count = (instance) => {
  if ("client_new" in instance.exports) loads.count += 1;
  return instance;
};

for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  if (!original) continue;
  WebAssembly[name] = async function (...args) {
    const made = await original.apply(this, args);
    count(made.instance ?? made);
    return made;
  };
}
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct: (target, args) => count(new target(...args)),
});
