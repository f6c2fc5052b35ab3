// Browsers and their drivers, for the tests: found where they are, installed where this machine can.
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { attempt, root, run } from "./run.mjs";
import { cache } from "./tools.mjs";

const geckodriverVersion = "0.37.1";
const geckodriverFolder = join(cache, `geckodriver-${geckodriverVersion}`);

// What each is called on the PATH or, on a Mac, where it is; and the Debian package that brings it.
const programs = {
  chromium: {
    names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    mac: "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    packages: ["chromium", "fonts-liberation"],
  },
  chromedriver: { names: ["chromedriver"], packages: ["chromium-driver"] },
  firefox: { names: ["firefox", "firefox-esr"], mac: "/Applications/Firefox.app/Contents/MacOS/firefox", packages: ["firefox-esr"] },
  geckodriver: { names: ["geckodriver"], packages: [] },
  webkitdriver: { names: ["WebKitWebDriver"], packages: ["webkit2gtk-driver"] },
  xvfb: { names: ["xvfb-run"], packages: ["xvfb", "xauth"] },
};

/** How a test starts Chromium (as webdriver.json does): no sandbox, because it does not start as root with one. */
export const chromiumFlags = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"))["goog:chromeOptions"].args;

/** The path of each program, or undefined: { chromium, chromedriver, firefox, geckodriver, webkitdriver, xvfb }. */
export function findBrowsers() {
  return Object.fromEntries(Object.keys(programs).map((name) => [name, find(name)]));
}

/** Installs those of the named programs that are missing and can be installed; returns what `findBrowsers` returns. */
export async function ensureBrowsers(wanted) {
  const absent = wanted.filter((name) => !find(name));
  const packages = absent.flatMap((name) => programs[name].packages);
  if (packages.length > 0) await installPackages(packages);
  if (absent.includes("geckodriver")) await installGeckodriver();
  for (const name of absent) if (!find(name)) console.log(`missing: ${explain(name)}`);
  return findBrowsers();
}

/** What a person would have to do about a missing program. */
export function explain(name) {
  const { names, packages } = programs[name];
  const debian = packages.length > 0 ? ` (Debian: apt-get install ${packages.join(" ")})` : "";
  return `${names[0]} is not on the PATH${debian}`;
}

function find(name) {
  const { names, mac } = programs[name];
  const folders = [join(geckodriverFolder, "bin"), ...(process.env.PATH ?? "").split(delimiter)];
  const paths = names.flatMap((file) => folders.map((folder) => join(folder, process.platform === "win32" ? `${file}.exe` : file)));
  if (mac) paths.push(mac);
  return paths.find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function installPackages(packages) {
  if (!existsSync("/etc/debian_version") || process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (title, ...args) => run("apt-get", args, { title, env }).then(() => true, () => false);
  await apt("fetching Debian's package lists", "update", "-q");
  const install = ["install", "-y", "-q", "--no-install-recommends", ...packages];
  const title = `installing ${packages.join(" ")}, which tests need`;
  for (let tries = 1; tries <= 3; tries++) {
    if (await apt(title, ...install)) return;
    // A large installation can break half-way, and then refuses everything else until it has been mended.
    await attempt("dpkg", ["--configure", "-a"], { env });
    await attempt("apt-get", ["install", "-y", "-q", "-f"], { env });
  }
}

async function installGeckodriver() {
  if (!find("firefox")) return;
  // Not among Debian's packages, and its own binaries come from a host that not every machine reaches. Unoptimised: it
  // relays a few messages.
  const args = ["install", "geckodriver", "--version", geckodriverVersion, "--locked", "--debug", "--root", geckodriverFolder];
  const env = { ...process.env, CARGO_PROFILE_DEV_DEBUG: "false", CARGO_PROFILE_DEV_INCREMENTAL: "false" };
  const options = { title: "compiling geckodriver, which the Firefox tests need (once per machine, about a minute)", env };
  await run("cargo", args, options).catch((error) => console.log(error.message));
}
