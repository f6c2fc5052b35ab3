// WebKit, the engine of Safari: GTK's MiniBrowser through its own WebDriver, on a virtual screen (it has no headless mode).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { existsSync } from "node:fs";
import { explain, findBrowsers } from "../../js/build/browsers.mjs";
import { testRuntime } from "./lab.mjs";
import { runInPage } from "./pages.mjs";

const { webkitdriver, xvfb } = findBrowsers();
const miniBrowser = ["4.1", "4.0", "6.0"]
  .flatMap((version) => ["x86_64", "aarch64"].map((arch) => `/usr/lib/${arch}-linux-gnu/webkit2gtk-${version}/MiniBrowser`))
  .find(existsSync);

testRuntime("WebKit, page", {
  page: true,
  stores: ["IndexedDB", "Cache API"],
  absent: (!webkitdriver && explain("webkitdriver")) || (!xvfb && explain("xvfb")) || (!miniBrowser && "WebKit's MiniBrowser is not installed"),
  async launch(lab, report) {
    const port = await freePort();
    // A group of its own: the screen and the browser go with it.
    const driver = spawn(xvfb, ["-a", webkitdriver, `--port=${port}`], { stdio: "ignore", detached: true });
    try {
      const browser = await openSession(`http://127.0.0.1:${port}`, driver);
      await runInPage("page", lab, report, (address) => browser("/url", { url: address }));
    } finally {
      process.kill(-driver.pid, "SIGKILL");
      if (driver.exitCode === null && driver.signalCode === null) await once(driver, "exit");
    }
  },
});

async function openSession(driverURL, driver) {
  const ask = async (path, body) => {
    const answer = await fetch(driverURL + path, { method: "POST", body: JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`the driver said ${value.error}: ${value.message}`);
    return value;
  };
  const options = { binary: miniBrowser, args: ["--automation"] };
  const capabilities = { alwaysMatch: { browserName: "MiniBrowser", "webkitgtk:browserOptions": options } };
  // It does not say when it is ready: asked until it answers or has ended.
  for (;;) {
    const session = await ask("/session", { capabilities }).catch((error) => {
      if (error instanceof TypeError && driver.exitCode === null) return null;
      throw error;
    });
    if (session) return (path, body) => ask(`/session/${session.sessionId}${path}`, body);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
