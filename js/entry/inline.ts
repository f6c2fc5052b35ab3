// The module inside of the script, a third larger: for bundlers and hosts that do not carry a .wasm along. What is loaded only
// when it is used (valibot's schemas, validation, limits of a whole site) stays in chunks beside it.
import base64 from "modelwire:wasm-as-base64";
import { useTokens } from "../tokens/source.ts";
import { useWasm } from "../wasm.ts";

useWasm(() => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
useTokens(() => import("../tokens/url.ts").then(({ source }) => source));

export * from "../index.ts";
