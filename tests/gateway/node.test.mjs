// In this process, behind Node's http server (the example's).
import { serve } from "../../examples/bun-or-node/serve.mjs";
import { makeApp } from "./app.mjs";
import { testClients } from "./clients.mjs";

testClients("Node", (providers) => serve(makeApp({ providers }), 0));
