import { useTokens } from "./source.ts";

useTokens(() => import("./deno.js").then(({ source }) => source));
