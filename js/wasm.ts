import init, { version } from "./wasm/modelwire.js";

type Source = () => WebAssembly.Module | BufferSource | URL | Promise<WebAssembly.Module | BufferSource | URL>;
let source: Source | undefined;

export function useWasm(from: Source): void {
  source = from;
}

export async function coreVersion(): Promise<string> {
  await init({ module_or_path: await source!() });
  return version();
}
