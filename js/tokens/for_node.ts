import { useTokens } from "./source.ts";

useTokens(() => import("./node.ts").then(({ source }) => source));
