// One file and no second request, a third larger: for bundlers and hosts that do not carry a .wasm along.
import base64 from "modelwire:wasm-as-base64";
import { useWasm } from "../wasm.ts";

useWasm(() => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));

export * from "../index.ts";
