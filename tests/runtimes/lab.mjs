// What every driver needs: the packed package in a folder of its own, the servers, and the list of checks as node tests.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { LLMock } from "@copilotkit/aimock";
import { startReplay } from "../servers/replay.mjs";
import { checksFor } from "./checks.mjs";
import { askAll, models } from "./checks/cassette.mjs";

const execute = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const limitMs = 240_000;

/**
 * One runtime as a node test with a subtest for each check. `launch(lab, report)` runs the list and calls `report` with each
 * result; it resolves when it is through, and its `finally` ends what it started. `absent` is why it cannot run here; `stores`
 * are the names of those that the agent makes.
 */
export function testRuntime(name, { page = false, stores = [], limitStores = [], absent, launch }) {
  test(name, { skip: absent, timeout: limitMs }, async (t) => {
    const lab = await openLab();
    t.after(() => lab.close());
    const checks = checksFor({ page, stores, limitStores });
    const waiting = new Map(checks.map((check) => [check.name, deferred()]));
    const report = ({ name: of, error }) => {
      if (error) waiting.get(of)?.reject(new Error(error));
      else waiting.get(of)?.resolve();
    };
    const settings = { page, stores, limitStores, aimock: lab.aimock, dead: lab.dead, replay: lab.replay, session: lab.session, fixtures: await streamFixtures() };
    const running = (async () => launch({ ...lab, settings }, report))().finally(() => {
      for (const one of waiting.values()) one.reject(new Error("the runtime ended without a word about this"));
    });
    running.catch(() => {});
    for (const check of checks) {
      await t.test(check.name, async () => {
        await waiting.get(check.name).promise.catch((error) => {
          // The stack of the other runtime says where; this one's would not.
          error.stack = error.message;
          throw error;
        });
      });
    }
    // Fails the whole when the runtime itself did.
    await running;
  });
}

async function openLab() {
  const folder = await mkdtemp(join(tmpdir(), "modelwire-runtimes-"));
  const [replay, mock, dead] = await Promise.all([startReplay(), startMock(), deadPort(), install(folder)]);
  const session = await recordSession(folder, mock.url);
  return {
    /** Holds node_modules/modelwire, runtimes/ and servers/: as a project that has installed the package. */
    folder,
    replay: { origin: replay.origin, elsewhere: replay.elsewhere, control: replay.control },
    aimock: mock.url,
    dead,
    session,
    async close() {
      await Promise.all([replay.close(), mock.stop()]);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

// As npm would: from the tarball, so that a file which is not in it is missed here.
async function install(folder) {
  const { stdout } = await execute("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: join(root, "pkg"),
    shell: process.platform === "win32",
  });
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  await execute("tar", ["-xzf", join(folder, stdout.trim().split("\n").at(-1)), "-C", modules]);
  await rename(join(modules, "package"), join(modules, "modelwire"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "a-project", private: true, type: "module" }));
  const servers = join(folder, "servers");
  await mkdir(servers);
  await cp(join(root, "tests", "servers", "replay-client.mjs"), join(servers, "replay-client.mjs"));
  await mkdir(join(folder, "runtimes"));
  for (const name of await readdir(here)) {
    if (!name.endsWith(".test.mjs")) await cp(join(here, name), join(folder, "runtimes", name), { recursive: true });
  }
}

/** What the stream fixtures must come to: the core's own tests hold them to it, byte by byte and without a network. */
async function streamFixtures() {
  const folder = join(root, "tests", "fixtures");
  const list = [];
  for (const kind of await readdir(folder)) {
    for (const name of await readdir(join(folder, kind))) {
      if (!existsSync(join(folder, kind, name, "stream.txt"))) continue;
      const { error, partial, ...whole } = JSON.parse(await readFile(join(folder, kind, name, "expected.json"), "utf8"));
      const { text = null, reasoning = null, finishReason = null, toolCalls = null } = partial ?? whole;
      const called = toolCalls?.map((call) => call.name) ?? null;
      list.push({ kind, fixture: `${kind}/${name}`, text, reasoning, finishReason, called, code: error?.code ?? null });
    }
  }
  return list;
}

/** The four wires as somebody else understands them. */
async function startMock() {
  const counts = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 };
  const mock = new LLMock({ port: 0, auth: { apiKeys: ["aimock-key-0042"] } });
  mock.on({ hasToolResult: true }, { content: "It is cold.", usage: counts });
  mock.onMessage("say hello", { content: "Hi there, friend! ¿Qué tal?", usage: counts }, { chunkSize: 5 });
  // In pieces with time between them: what is sent at once arrives at once.
  mock.onMessage("say it slowly", { content: "Hi there, friend! ¿Qué tal? 🌍", usage: counts }, { chunkSize: 5, latency: 3 });
  mock.onMessage("think first", { content: "Forty-two.", reasoning: "Six times seven.", usage: counts });
  mock.onMessage("in the picture", { content: "A cat.", usage: counts });
  mock.onMessage("as JSON", { content: '{"city":"Oslo","degrees":-3}', usage: counts }, { chunkSize: 5 });
  mock.onMessage("weather", { toolCalls: [{ name: "weather", arguments: '{"city":"Oslo"}' }], usage: counts });
  mock.onMessage("hit the limit", { error: { message: "slow down", type: "rate_limit_error" }, status: 429, retryAfter: 7 });
  mock.onMessage("send junk", { content: "never" }, { chaos: { malformedRate: 1 } });
  mock.onMessage("break off", { content: "never" }, { chaos: { disconnectRate: 1 } });
  await mock.start();
  return mock;
}

/** What the mock sent, recorded once here: every runtime replays it, and must come to the same. */
async function recordSession(folder, origin) {
  const dist = join(folder, "node_modules", "modelwire", "dist");
  const [modelwire, testing] = await Promise.all(["entry/node.js", "testing.js"].map((file) => import(pathToFileURL(join(dist, file)))));
  let jsonl = "";
  const tape = testing.cassette({ load: async () => null, save: async (text) => void (jsonl = text) }, "record");
  const seen = await askAll(modelwire, tape.fetch, { origin, key: "aimock-key-0042" });
  await tape.saved();
  if (seen.length !== 2 * models.length + 1) throw new Error("the session was not recorded");
  // As JSON has it: settings travel in several ways.
  return { origin, jsonl, seen: JSON.parse(JSON.stringify(seen)) };
}

// Outside of the range from which systems choose: else the next server to start, anybody's, might get it.
async function deadPort() {
  for (;;) {
    const port = 10_100 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise((resolve) => server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)));
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}`;
  }
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  // Rejected before its turn comes, it is not unhandled.
  made.promise.catch(() => {});
  return made;
}
