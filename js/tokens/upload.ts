// workerd: everything that a Worker has was uploaded with it, so what it counts with is imported by name,
// `import "modelwire/tokens/o200k_base"`. A Worker that does not count carries none of it.
import { useTokens, type TokensSource } from "./source.ts";

let module: WebAssembly.Module | undefined;
const vocabularies = new Map<string, ArrayBuffer>();

/** Called when such an import is evaluated. */
export function upload(compiled: unknown, name: string, bytes: unknown): void {
  module = compiled as WebAssembly.Module;
  vocabularies.set(name, bytes as ArrayBuffer);
  useTokens(() => Promise.resolve(source));
}

const source: TokensSource = {
  alone: true,
  async module() {
    return module!;
  },
  async vocabulary(name) {
    const bytes = vocabularies.get(name);
    if (!bytes) throw new Error(`it was not uploaded with this Worker: import "modelwire/tokens/${name}"`);
    return new Uint8Array(bytes);
  },
};
