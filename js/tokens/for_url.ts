import { useTokens } from "./source.ts";

useTokens(() => import("./url.ts").then(({ source }) => source));
