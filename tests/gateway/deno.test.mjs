// In Deno, with Deno KV for its callers.
import { join } from "node:path";
import { testClients } from "./clients.mjs";
import { startProgram } from "./command.mjs";
import { absent, deno } from "./deno.mjs";

const flags = ["run", "--quiet", "--no-prompt", "--no-lock", "--unstable-kv", "--allow-net", "--node-modules-dir=manual"];
const launch = (providers) => startProgram(deno, [...flags, "gateway/deno_server.mjs", providers], { cwd: join(import.meta.dirname, "..") });
testClients("Deno", launch, { absent });
