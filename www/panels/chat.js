// The chat: sends what is typed, shows what arrives, and remembers the conversation.
import { isLlmError, ready } from "modelwire";
import { mockProviders } from "modelwire/testing";
import { adviceFor } from "../advice.js";
import { keptClient, openClient, recorder } from "../clients.js";
import { codeView } from "../code.js";
import { by, element, nextFrame, speak } from "../dom.js";
import { modelOf } from "../format.js";
import { buildImages, takeImages } from "../images.js";
import { markStopped, setBudget, setSpent, settle, showLive } from "../meter.js";
import { runTool, tools } from "../scenarios.js";
import { buildSettings, chosen } from "../settings.js";
import { chatCode } from "../snippets.js";
import { addAnswer, addQuestion } from "../turns.js";
import { buildDraft } from "./draft.js";

const prompt = by("prompt");
const examples = ["What is a monad, in one sentence?", "Write a haiku about bytes.", "Why is the sky blue?"];

/** The conversation, in the client's vocabulary: it goes on with any provider. */
let history = [];
let running = null;
let current = chosen;

const wire = recorder((request) => {
  const { real, scenario } = current;
  return real ? globalThis.fetch(request) : mockProviders((asked) => scenario.reply(asked)).fetch(request);
});
const clientOf = keptClient((client) => {
  chatClient = client;
  client.on("budget", ({ spentUsd }) => setSpent(spentUsd));
});
const code = codeView();
let chatClient = null;

/** What the cache of the chat held and saved, or null before the first call. */
export const cacheStats = async () => chatClient?.cache.stats() ?? null;

// ── one question

async function ask(text, images = []) {
  const settings = chosen();
  const controller = new AbortController();
  setRunning(controller);
  by("welcome").hidden = true;
  addQuestion(by("turns"), text, images);
  follows = true;
  follow();
  const before = history;
  let after;
  // Another try takes the place of the one before, unless the conversation has gone on since.
  const again = () => {
    if (running) return false;
    if (history === after) history = before;
    ask(text, images);
    return true;
  };
  const content = images.length === 0 ? text : [{ type: "text", text }, ...images.map(({ file }) => ({ type: "image", image: file }))];
  history = [...history, { role: "user", content }];
  code.show(chatCode({
    ...settings,
    options: settings.providers[settings.provider],
    question: text,
    turns: before.length,
    images: images.length,
    tools: useTools(settings),
  }));
  const kept = await answer(settings, controller.signal, again).finally(() => setRunning(null));
  // A question without any answer is not part of the conversation: the next one would follow on nothing.
  if (!kept) history = before;
  after = history;
  draft.count();
}

const useTools = ({ real, scenario }) => !real && scenario.tools === true;

// Returns whether anything of an answer was kept. Goes on by itself while tools are asked for.
async function answer(settings, signal, again) {
  const { model, label, real, cache } = settings;
  const view = addAnswer(by("turns"), real ? label : `${label} (mock)`, modelOf(model), real);
  follow();
  wire.clear();
  current = settings;
  markStopped(false);
  const calls = new Map();
  try {
    const stream = clientFor(settings).stream({ model, messages: history, signal, liveUsage: true, cache, ...(useTools(settings) && { tools }) });
    let response;
    let firstAt = null;
    for await (const event of stream) {
      if (event.type === "start") firstAt = performance.now();
      else if (event.type === "text-delta") view.addText(event.text);
      else if (event.type === "reasoning-delta") view.addReasoning(event.text);
      else if (event.type === "tool-call-start") calls.set(event.index, view.addToolCall(event.name));
      else if (event.type === "tool-call-delta") calls.get(event.index).addInput(event.text);
      else if (event.type === "tool-call") calls.get(event.index).setInput(event.inputText || "{}");
      else if (event.type === "usage") showLive(event.usage, event.cost, performance.now() - firstAt);
      else if (event.type === "end") response = event.response;
      follow();
    }
    view.end({ response, again: response.toolCalls.length > 0 ? null : again, wire: wire.last() });
    markStopped(response.finishReason === "budget");
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
    markStopped(error.code === "budget");
    speak(`${error.code ?? "error"}: ${error.message}`);
    // Half a tool call cannot be answered, so only text is kept of a half answer.
    if (view.text()) history = [...history, { role: "assistant", content: view.text() }];
    return view.text() !== "";
  } finally {
    settle();
    follow();
  }
}

// Who looks at a page is told of a long wait, and decides himself.
function clientFor({ real, providers, budgetUsd }) {
  return clientOf({ real, providers, retry: { maxTotalMs: 5000 }, ...(budgetUsd && { budget: { usd: budgetUsd } }), tags: { panel: "chat" } }, wire.fetch);
}

function toolResult(call, view) {
  const { content, isError } = runTool(call);
  view?.setResult(content);
  return { role: "tool", callId: call.id, content, isError };
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

async function checkConnection({ provider, providers, real }) {
  try {
    const client = openClient({ providers, real, ...(!real && { fetch: mockProviders().fetch }) });
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
  draft.clear();
  ask(text, takeImages(() => {}));
}

function clear() {
  history = [];
  by("turns").replaceChildren();
  by("spoken").replaceChildren();
  by("welcome").hidden = false;
  by("clear").disabled = true;
  draft.count();
  prompt.focus();
}

// Keeps the end in view, unless the visitor has scrolled away from it.
let follows = true;
let scrolledTo = -1;
const end = () => by("turns").getBoundingClientRect().bottom + scrollY + by("composer").offsetHeight + 20;
addEventListener("scroll", () => {
  // What this page did itself says nothing about the visitor, and is not worth a look at the layout.
  if (by("panel-chat").hidden || Math.abs(scrollY - scrolledTo) < 2) return;
  follows = innerHeight + scrollY > end() - 80;
}, { passive: true });

function follow() {
  if (follows && !by("panel-chat").hidden) nextFrame(follow, scrollToEnd);
}

function scrollToEnd() {
  scrolledTo = Math.round(Math.max(0, Math.min(end() - innerHeight, document.documentElement.scrollHeight - innerHeight)));
  if (scrolledTo !== Math.round(scrollY)) scrollTo({ top: scrolledTo, behavior: "instant" });
}

/** Back in the chat: at the end of the conversation, where it went on meanwhile. */
export function showEnd() {
  follows = by("turns").childElementCount > 0;
  follow();
}

/** Puts a text where the next message is written. */
export function writeMessage(text) {
  prompt.value = text;
  prompt.focus();
  draft.count();
}

const draft = buildDraft(() => history, (settings) => clientFor(settings));

buildSettings(() => {
  by("verdict").className = "verdict";
  by("verdict").textContent = "";
  budgetOf(chosen());
  draft.count();
});
buildImages(() => draft.count());
budgetOf(chosen());
by("chat-code").append(code.node);
code.show(chatCode({ ...chosen(), options: chosen().providers[chosen().provider], question: examples[0], turns: 0, images: 0 }));

// Shown as soon as it is chosen, and begun at nothing: so does the client's.
function budgetOf({ budgetUsd, real }) {
  const wanted = `${real} ${budgetUsd}`;
  if (budgetOf.shown === wanted || running) return;
  budgetOf.shown = wanted;
  markStopped(false);
  setBudget(budgetUsd);
}

by("examples").append(...examples.map((text) => {
  const button = element("button", { type: "button", className: "quiet" }, text);
  button.addEventListener("click", () => running || ask(text));
  return element("li", {}, button);
}));
by("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
prompt.addEventListener("keydown", (event) => {
  // An Enter that ends a composition (Japanese, Chinese, …) belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
addEventListener("keydown", (event) => event.key === "Escape" && running?.abort());
by("stop").addEventListener("click", () => running?.abort());
by("clear").addEventListener("click", clear);
by("check").addEventListener("click", check);
// Loaded before it is needed; if that fails, the first question says why.
ready().catch(() => {});
