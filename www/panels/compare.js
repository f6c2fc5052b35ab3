// Several models, one prompt, at once.
import { mockProviders } from "modelwire/testing";
import { openClient } from "../clients.js";
import { codeView } from "../code.js";
import { element, nextFrame, speak } from "../dom.js";
import { dollars, modelOf, seconds, whole } from "../format.js";
import { labelOf } from "../providers.js";
import { isReal, optionsOf } from "../settings.js";
import { compareCode } from "../snippets.js";
import { addLane } from "./lane.js";
import { button, field, intro } from "./parts.js";

/** Who may run, and how the mock plays each: these paces are made up, and measured here like real ones. */
const candidates = [
  { model: "openai/gpt-6-luna", chosen: true, delayMs: 180, tokensPerSecond: 140, sentences: 6 },
  { model: "anthropic/claude-haiku-5-5", chosen: true, delayMs: 320, tokensPerSecond: 105, sentences: 7 },
  { model: "anthropic/claude-opus-5-5", chosen: true, delayMs: 850, tokensPerSecond: 45, sentences: 5 },
  { model: "cohere/command-r7b-12-2024", chosen: true, delayMs: 240, tokensPerSecond: 75, sentences: 4 },
  { model: "openai/gpt-6.1-terra", delayMs: 420, tokensPerSecond: 85, sentences: 6 },
  { model: "openai/gpt-6.1-sol", delayMs: 700, tokensPerSecond: 60, sentences: 7 },
];

const sentences = [
  "This answer comes from a mock, in the bytes that this provider would send.",
  "What differs between the models here is made up: when the first word comes, how fast the others follow, and how many there are.",
  "What is measured is real: the time to the first token, the pace after it, and the tokens.",
  "The price is the model’s own, from the catalogue in the package.",
  "With a key in the settings of the chat, the same lane shows the real one.",
  "All lanes run in one page, through one module, at the same time.",
  "None waits for another.",
];

const measures = [
  { name: "Time to first token", of: ({ firstTokenMs }) => firstTokenMs, text: seconds, best: Math.min },
  { name: "Tokens a second", of: ({ speed }) => speed, text: whole, best: Math.max },
  { name: "Cost", of: ({ usd }) => usd, text: dollars, best: Math.min },
];

export function build(panel) {
  const prompt = element("textarea", { id: "compare-prompt", rows: 2, value: "Explain WebAssembly to a cook." });
  const boxes = candidates.map(({ model, chosen }) => {
    const box = element("input", { type: "checkbox", defaultChecked: chosen === true, value: model });
    box.addEventListener("change", describe);
    return element("label", { className: "check" }, box, modelOf(model), element("small", {}, labelOf(model)));
  });
  const run = button("Compare", start, "");
  const lanes = element("div", { className: "lanes" });
  const bars = element("div", { className: "races" });
  const code = codeView();
  let running = null;

  const chosenModels = () => boxes.map((label) => label.firstChild).filter(({ checked }) => checked).map(({ value }) => value);

  function describe() {
    run.disabled = !running && chosenModels().length < 2;
    if (!running) code.show(compareCode({ models: chosenModels(), prompt: prompt.value }));
  }

  async function start() {
    if (running) return running.abort();
    running = new AbortController();
    run.textContent = "Stop";
    const models = chosenModels();
    code.show(compareCode({ models, prompt: prompt.value }));
    const clients = { mock: openClient({ providers: optionsOf(false), fetch: mockProviders(play).fetch, tags: { panel: "compare" } }) };
    if (models.some((model) => isReal(providerOf(model)))) clients.real = openClient({ real: true, providers: optionsOf(true), tags: { panel: "compare" } });
    lanes.replaceChildren();
    const entries = models.map((model) => {
      const real = isReal(providerOf(model));
      const lane = addLane(lanes, { model, label: real ? labelOf(model) : `${labelOf(model)} (mock)`, series: seriesOf(model) });
      const stream = (real ? clients.real : clients.mock).stream({ model, messages: prompt.value, liveUsage: true, signal: running.signal });
      return { lane, done: lane.read(withCalls(stream, () => nextFrame(race, () => race(entries)))) };
    });
    await Promise.all(entries.map(({ done }) => done));
    race(entries);
    for (const client of Object.values(clients)) client.close();
    running = null;
    run.textContent = "Compare";
    describe();
    speak(summary(entries));
  }

  function race(entries) {
    bars.replaceChildren(...measures.map(({ name, of, text, best }) => {
      const values = entries.map(({ lane }) => of(lane.figures)).filter((value) => value != null);
      const most = Math.max(...values);
      const winner = values.length === entries.length ? best(...values) : null;
      const rows = entries.map(({ lane }) => {
        const value = of(lane.figures);
        const bar = element("span", { className: "bar-fill" });
        bar.style.width = `${value == null || !most ? 0 : (value / most) * 100}%`;
        return element("li", { className: `series-${lane.series}${value != null && value === winner ? " best" : ""}` },
          element("span", { className: "who" }, modelOf(lane.model)), element("span", { className: "bar-track" }, bar), element("span", { className: "figure" }, value == null ? "–" : text(value)));
      });
      return element("section", { className: "race" }, element("h3", {}, name), element("ul", {}, ...rows));
    }));
  }

  prompt.addEventListener("input", describe);
  panel.append(
    intro("compare", "Compare models", "One prompt, several models at once: when the first token came, how fast the rest followed, what it cost."),
    element("div", { className: "stack" },
      element("form", { className: "card compare-form", ariaLabel: "Comparison" }, field("Prompt", prompt),
        element("fieldset", { className: "models" }, element("legend", {}, "Models (two or more)"), element("div", { className: "checks" }, ...boxes)), run),
      lanes, bars, code.node));
  panel.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  lanes.append(...chosenModels().map((model) => placeholder(model)));
  race(chosenModels().map((model) => ({ lane: { model, series: seriesOf(model), figures: {} } })));
  describe();
}

// A lane stands where it will be before anything runs: nothing moves when it does.
function placeholder(model) {
  return element("article", { className: `lane series-${seriesOf(model)} empty` },
    element("header", {}, element("h3", {}, modelOf(model)), element("span", {}, labelOf(model))), element("div", { className: "lane-text" }), element("dl", {}));
}

function play({ body }) {
  const { delayMs, tokensPerSecond, sentences: count } = candidates.find(({ model }) => modelOf(model) === body.model) ?? candidates[0];
  return { delayMs, tokensPerSecond, text: sentences.slice(0, count).join(" ") };
}

async function* withCalls(stream, onEvent) {
  for await (const event of stream) {
    yield event;
    onEvent();
  }
}

function summary(entries) {
  const done = entries.map(({ lane }) => lane).filter(({ figures }) => figures.finished);
  if (done.length === 0) return "The comparison was stopped.";
  return `Compared: ${done.map(({ model, figures }) => `${modelOf(model)}: first token ${seconds(figures.firstTokenMs)}, ${whole(figures.speed ?? 0)} tokens a second, ${dollars(figures.usd)}`).join("; ")}.`;
}

const seriesOf = (model) => candidates.findIndex((each) => each.model === model);
const providerOf = (model) => model.slice(0, model.indexOf("/"));
