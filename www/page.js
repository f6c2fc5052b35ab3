// The page: sends what is typed, shows what arrives, and remembers the conversation.
import { createClient, isLlmError, loadTokenizer, ready } from "modelwire";
import { mockProviders } from "modelwire/testing";
import { adviceFor } from "./advice.js";
import { runTool, tools } from "./scenarios.js";
import { buildSettings, chosen } from "./settings.js";
import { addAnswer, addQuestion, element } from "./turns.js";

const by = (id) => document.getElementById(id);
const prompt = by("prompt");
const examples = ["What is a monad, in one sentence?", "Write a haiku about bytes.", "Why is the sky blue?"];

/** The conversation, in the client's vocabulary: it goes on with any provider. */
let history = [];
let running = null;

// ── one question

async function ask(text) {
  const settings = chosen();
  const controller = new AbortController();
  setRunning(controller);
  by("welcome").hidden = true;
  addQuestion(by("turns"), text);
  follows = true;
  follow();
  const before = history;
  let after;
  // Another try takes the place of the one that failed, unless the conversation has gone on since.
  const again = () => {
    if (running) return false;
    if (history === after) history = before;
    ask(text);
    return true;
  };
  history = [...history, { role: "user", content: text }];
  const kept = await answer(settings, controller.signal, again).finally(() => setRunning(null));
  // A question without any answer is not part of the conversation: the next one would follow on nothing.
  if (!kept) history = before;
  after = history;
}

// Returns whether anything of an answer was kept. Goes on by itself while tools are asked for.
async function answer(settings, signal, again) {
  const { model, label, real, scenario } = settings;
  const view = addAnswer(by("turns"), real ? label : `${label} (mock)`, model.slice(model.indexOf("/") + 1), real);
  follow();
  const wire = recorder(settings);
  const calls = new Map();
  let client;
  try {
    // Who looks at a page is told of a long wait, and decides himself.
    // What a mock bills is in nobody's ledger.
    client = createClient({ providers: settings.options, fetch: wire.fetch, retry: { maxTotalMs: 5000 }, store: real ? undefined : "memory" });
    const useTools = !real && scenario.tools;
    const stream = client.stream({ model, messages: history, signal, liveUsage: true, ...(useTools && { tools }) });
    let response;
    for await (const event of stream) {
      if (event.type === "text-delta") view.addText(event.text);
      else if (event.type === "reasoning-delta") view.addReasoning(event.text);
      else if (event.type === "tool-call-start") calls.set(event.index, view.addToolCall(event.name));
      else if (event.type === "tool-call-delta") calls.get(event.index).addInput(event.text);
      else if (event.type === "tool-call") calls.get(event.index).setInput(event.inputText || "{}");
      else if (event.type === "usage") view.setUsage(event.usage, event.cost);
      else if (event.type === "end") response = event.response;
      follow();
    }
    view.end({ response, wire: wire.last() });
    history = [...history, ...response.newMessages];
    speak(`${label}: ${response.text}`);
    if (response.toolCalls.length > 0) {
      history = [...history, ...response.toolCalls.map((call, index) => toolResult(call, [...calls.values()][index]))];
      return await answer(settings, signal, again);
    }
    return true;
  } catch (error) {
    const partial = isLlmError(error) ? error.partial : null;
    view.end({ response: partial, error, advice: adviceFor(error), again: error.code === "aborted" ? null : again, wire: wire.last() });
    speak(`${error.code ?? "error"}: ${error.message}`);
    // Half a tool call cannot be answered, so only text is kept of a half answer.
    if (view.text()) history = [...history, { role: "assistant", content: view.text() }];
    return view.text() !== "";
  } finally {
    client?.close();
    follow();
  }
}

function toolResult(call, view) {
  const { content, isError } = runTool(call);
  view?.setResult(content);
  return { role: "tool", callId: call.id, content, isError };
}

// The mock in place of the network, or the network; either way what is sent is kept for show, without headers and so without keys.
function recorder({ real, scenario }) {
  const target = real ? globalThis.fetch.bind(globalThis) : mockProviders((request) => scenario.reply(request)).fetch;
  let sent = null;
  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      sent = { url: request.url, body: JSON.parse(await request.clone().text()) };
      return target(request);
    },
    last: () => sent,
  };
}

// ── the tokens of what is being written

async function count() {
  const { model } = chosen();
  let shown = "";
  try {
    // The vocabulary is fetched once, when the first letter is typed.
    const tokenizer = prompt.value && (await loadTokenizer(model));
    const tokens = tokenizer && tokenizer.count(prompt.value);
    if (tokens) shown = `${tokenizer.exact ? "" : "about "}${tokens} ${tokens === 1 ? "token" : "tokens"}`;
  } catch {
    // Without it nothing is shown: it is a help, and no more.
  }
  by("count").value = prompt.value ? shown : "";
}

// ── the connection

async function check() {
  const verdict = by("verdict");
  verdict.className = "verdict";
  verdict.textContent = "Checking …";
  const result = await checkConnection(chosen());
  verdict.classList.add(result.ok ? "good" : "bad");
  const models = result.models == null ? "" : `, ${result.models} models`;
  verdict.textContent = result.ok
    ? `Connected in ${Math.round(result.latencyMs)} ms${models}.`
    : `${result.error.code ?? "error"}: ${result.error.message} ${adviceFor(result.error)}`;
}

async function checkConnection({ provider, options, real }) {
  try {
    const client = createClient({ providers: options, ...(!real && { fetch: mockProviders().fetch }) });
    return await client.check(provider).finally(() => client.close());
  } catch (error) {
    return { ok: false, error };
  }
}

// ── the page around it

function setRunning(controller) {
  running = controller;
  const hadFocus = document.activeElement === by("send") || document.activeElement === by("stop");
  by("send").hidden = running !== null;
  by("stop").hidden = running === null;
  by("clear").disabled = running !== null || by("turns").childElementCount === 0;
  // The button that was pressed is gone: the keyboard goes where the next message is written.
  if (hadFocus) prompt.focus();
}

function send() {
  const text = prompt.value.trim();
  if (!text || running) return;
  prompt.value = "";
  by("count").value = "";
  ask(text);
}

function clear() {
  history = [];
  by("turns").replaceChildren();
  by("spoken").replaceChildren();
  by("welcome").hidden = false;
  by("clear").disabled = true;
  prompt.focus();
}

function speak(text) {
  by("spoken").append(element("p", {}, text));
}

// Keeps the end in view, unless the visitor has scrolled away from it.
let follows = true;
addEventListener("scroll", () => (follows = innerHeight + scrollY > document.documentElement.scrollHeight - 120), { passive: true });
function follow() {
  if (follows) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
}

buildSettings(() => {
  by("verdict").className = "verdict";
  by("verdict").textContent = "";
});
by("examples").append(...examples.map((text) => {
  const button = element("button", { type: "button", className: "quiet" }, text);
  button.addEventListener("click", () => running || ask(text));
  return element("li", {}, button);
}));
by("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
prompt.addEventListener("input", count);
prompt.addEventListener("keydown", (event) => {
  // An Enter that ends a composition (Japanese, Chinese, …) belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
addEventListener("keydown", (event) => event.key === "Escape" && running?.abort());
document.querySelector(".settings").addEventListener("submit", (event) => event.preventDefault());
by("stop").addEventListener("click", () => running?.abort());
by("clear").addEventListener("click", clear);
by("check").addEventListener("click", check);
// Loaded before it is needed; if that fails, the first question says why.
ready().catch(() => {});
