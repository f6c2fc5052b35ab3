export { coreVersion } from "./wasm.ts";
