// `npm start`: builds what is needed and shows the demo page.
//   PORT=8080   that port rather than one that the system chooses
//   --no-open   does not open the browser
import { spawn } from "node:child_process";
import { build } from "./build.mjs";
import { fail, Failure } from "./run.mjs";
import { serve } from "./serve.mjs";

async function start() {
  const port = Number(process.env.PORT || 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Failure(`PORT is not a port: ${process.env.PORT}`);
  await build();
  const { url } = await serve({ port });
  console.log(`\nThe demo page is at ${url}  (Ctrl-C ends it)`);
  if (!process.argv.includes("--no-open")) open(url);
}

// A convenience: where it does not work, the address is on the screen.
function open(url) {
  const desktop = process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  const opener = { darwin: ["open"], win32: ["cmd", "/c", "start", ""] }[process.platform] ?? (desktop && ["xdg-open"]);
  if (!opener || process.env.CI) return;
  const [command, ...args] = opener;
  spawn(command, [...args, url], { stdio: "ignore", detached: true }).on("error", () => {}).unref();
}

await start().catch(fail);
