// The app in Deno, with its callers' budgets and limits in Deno KV.
import { kvLimits } from "modelwire/stores/deno";
import { makeApp } from "./app.mjs";

const kv = await Deno.openKv(":memory:");
const handler = makeApp({ providers: Deno.args[0], store: kvLimits(kv) });
Deno.serve({ port: 0, onListen: ({ port }) => console.log(`http://localhost:${port}`) }, handler);
