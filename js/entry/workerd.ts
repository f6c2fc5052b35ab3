// workerd compiles no WebAssembly at run time: the module comes ready-made from the upload.
import module from "../modelwire_bg.wasm";
import { useWasm } from "../wasm.ts";

useWasm(() => module as WebAssembly.Module);

export * from "../index.ts";
