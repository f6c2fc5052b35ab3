import { useTokens } from "./source.ts";

useTokens(() => import("./bun.ts").then(({ source }) => source));
