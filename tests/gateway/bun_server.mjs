// The app in Bun.
import { makeApp } from "./app.mjs";

const { url } = Bun.serve({ port: 0, idleTimeout: 120, fetch: makeApp({ providers: process.argv[2] }) });
console.log(String(url));
