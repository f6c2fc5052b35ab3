// What the entries import and TypeScript does not know. (No @types/node: it would declare Node's globals for all of js/.)
declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}
declare module "node:fs/promises" {
  export function readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>;
}
declare module "node:zlib" {
  export function gunzipSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

// What this is depends on the runtime: the entry knows.
declare module "*.bin" {
  const content: unknown;
  export default content;
}
declare module "*.wasm" {
  const content: unknown;
  export default content;
}

// Supplied by the build: src/models.json as a text.
declare module "modelwire:catalogue" {
  const text: string;
  export default text;
}

// Supplied by the build.
declare module "modelwire:wasm-as-base64" {
  const base64: string;
  export default base64;
}
