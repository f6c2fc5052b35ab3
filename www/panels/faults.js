// Faults on demand, and what the client does about them, on a timeline of what went over the wire.
import { isLlmError } from "modelwire";
import { mockProviders } from "modelwire/testing";
import { openClient } from "../clients.js";
import { codeView } from "../code.js";
import { element, growingText, speak } from "../dom.js";
import { chain, faults } from "../faults.js";
import { modelOf } from "../format.js";
import { optionsOf } from "../settings.js";
import { faultCode } from "../snippets.js";
import { timeline } from "../timeline.js";
import { watchedFetch } from "../wire.js";
import { button, choice, intro } from "./parts.js";

export function build(panel) {
  let fault = faults[0];
  let running = null;
  const time = timeline("What went over the wire: one row a request");
  const answer = element("div", { className: "fault-text", tabIndex: 0, role: "region", ariaLabel: "Answer" });
  const log = element("ol", { className: "events", tabIndex: 0, ariaLabel: "Events" });
  const note = element("p", { className: "note fault-note" });
  const code = codeView();
  const run = button("Run", start, "");

  const tell = (kind, text) => {
    log.append(element("li", { className: kind }, element("span", { className: "figure" }, `${(time.now() / 1000).toFixed(2)} s`), element("strong", {}, kind), element("span", {}, text)));
    log.scrollTop = log.scrollHeight;
  };

  function choose(name) {
    fault = faults.find((each) => each.name === name);
    note.textContent = fault.note;
    code.show(faultCode({ chain, ...fault }));
  }

  async function start() {
    if (running) return running.abort();
    running = new AbortController();
    run.textContent = "Stop";
    answer.replaceChildren();
    log.replaceChildren();
    time.start();
    const client = clientFor(fault);
    listen(client);
    try {
      await (fault.burst ? runBurst(client) : runChain(client));
    } catch (error) {
      tell("error", `${error.code ?? error.name}: ${error.message}`);
      lastRow?.mark("bad", error.code);
      if (isLlmError(error)) showAttempts(error.attempts);
    } finally {
      time.stop();
      client.close();
      running = null;
      run.textContent = "Run again";
      speak(`${fault.label}: ${log.lastElementChild?.lastElementChild.textContent ?? ""}`);
    }
  }

  function clientFor({ reply, retry, timeout, limits, midStream }) {
    const counts = {};
    const mock = mockProviders(({ provider, body }) => reply(provider, (counts[provider] = (counts[provider] ?? 0) + 1), body));
    return openClient({
      providers: optionsOf(false),
      models: { smart: chain },
      fetch: watchedFetch(mock.fetch, rowFor),
      tags: { panel: "faults" },
      ...(retry && { retry }),
      ...(timeout && { timeout }),
      ...(limits && { limits }),
      ...(midStream && { fallback: { midStream } }),
    });
  }

  function listen(client) {
    const named = ({ code, status }) => (status ? `${code} (${status})` : code);
    client.on("retry", ({ error }) => {
      lastRow.mark("bad", named(error));
      tell("retry", `${named(error)}: the same model again`);
    });
    client.on("fallback", ({ provider, model, error }) => {
      lastRow.mark("bad", named(error));
      tell("fallback", `${named(error)}: now ${provider}/${model}`);
    });
    client.on("limit", ({ key, waiting, resetAt }) => tell("limit", `${key}: ${waiting > 0 ? `${waiting} waiting` : `full until ${new Date(resetAt).toLocaleTimeString("en", { hour12: false })}`}`));
  }

  // ── a chain of models

  let lastRow = null;
  let waiting = null;
  let waitingRows = new Map();

  async function runChain(client) {
    waiting = null;
    waitingRows = new Map();
    let text = growingText(answer);
    let response;
    for await (const event of client.stream({ model: "smart", messages: "Why does nothing break here?", signal: running.signal })) {
      if (event.type === "text-delta") text.append(event.text);
      else if (event.type === "retry") {
        waiting = event.delayMs > 50 ? time.now() : null;
        if (waiting !== null) tell("wait", `${(event.delayMs / 1000).toFixed(1)} s, then ${event.next}`);
      }
      else if (event.type === "continue") {
        text.flush();
        answer.append(element("mark", {}, `${modelOf(event.to)} goes on`));
        text = growingText(answer);
        tell("continue", `${event.from} broke off after ${event.text.length} letters; ${event.to} goes on`);
      } else if (event.type === "end") response = event.response;
    }
    text.flush();
    lastRow.mark("good", "answered");
    showAttempts(response.attempts);
    tell("end", `${response.finishReason}, ${response.attempts.length} attempts, ${response.usage.outputTokens} tokens out`);
  }

  function showAttempts(attempts) {
    const lines = attempts.map(({ provider, model, status, error }) => `${provider}/${model}: ${error ? `${error.code}${status && status !== 200 ? ` (${status})` : ""}` : "answered"}`);
    tell("attempts", lines.join("; "));
  }

  // ── many calls at once

  async function runBurst(client) {
    const numbers = Array.from({ length: fault.burst }, (_, at) => at + 1);
    for (const number of numbers) {
      const row = time.row(`Call ${number}`);
      row.part("wait");
      waitingRows.set(number, row);
    }
    const answers = await Promise.all(numbers.map((number) => client.chat({ model: chain[0], messages: `Question #${number}`, signal: running.signal })));
    for (const [at, { timing }] of answers.entries()) waitingRows.get(at + 1).mark("good", `waited ${(timing.waitedMs / 1000).toFixed(1)} s`);
    answer.append(element("p", {}, answers[0].text));
    tell("end", `${answers.length} answers, none refused; the last waited ${(Math.max(...answers.map(({ timing }) => timing.waitedMs)) / 1000).toFixed(1)} s`);
  }

  // The row of a request: of a burst, the one that waits for it; else a new one, with the wait before it.
  function rowFor({ body, host }) {
    const number = Number(/Question #(\d+)/.exec(JSON.stringify(body))?.[1]);
    tell("request", `${host}, ${body.model}`);
    if (number && waitingRows.has(number)) return waitingRows.get(number);
    lastRow = time.row(body.model);
    if (waiting !== null) lastRow.part("wait", waiting);
    waiting = null;
    return lastRow;
  }

  const legend = element("ul", { className: "legend" }, ...[["wait", "waits"], ["head", "asked"], ["stream", "streams"], ["broken", "failed"]].map(([kind, text]) => element("li", {}, element("span", { className: `swatch ${kind}` }), text)));
  panel.append(
    intro("faults", "When things break", "Choose a fault. The mock fails in that way, and the client does what it is set up for: wait, retry, fall back, go on."),
    element("div", { className: "sided" },
      element("form", { className: "side", ariaLabel: "Fault" }, choice("Fault", "fault", faults.map(({ name, label }) => ({ value: name, label })), choose), note, run),
      element("div", { className: "stage" },
        element("section", { className: "card", ariaLabel: "Timeline" }, element("div", { className: "row head-row" }, element("h3", {}, "Timeline"), legend), time.node),
        element("section", { className: "card", ariaLabel: "Result" }, element("h3", {}, "Answer"), answer),
        element("section", { className: "card", ariaLabel: "Told by the client" }, element("h3", {}, "Events"), log)),
      code.node));
  panel.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  choose(fault.name);
}
