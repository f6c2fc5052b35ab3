// `modelwire/tokens/<encoding>` here: for `modelwire/slim`, and so that one import does in every runtime. The other entries say the
// same in themselves: a bundler drops an import of what it takes for a file without effects.
import { useTokens } from "./source.ts";

useTokens(() => import("./deno.js").then(({ source }) => source));
