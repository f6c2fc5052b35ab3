// What was spent, by model and day, out of the ledger of this browser.
import { mockProviders } from "modelwire/testing";
import { openClient } from "../clients.js";
import { codeView } from "../code.js";
import { barChart } from "../chart.js";
import { element } from "../dom.js";
import { dollars, modelOf, whole } from "../format.js";
import { optionsOf } from "../settings.js";
import { costsCode } from "../snippets.js";
import { cacheStats } from "./chat.js";
import { button, choice, download, intro } from "./parts.js";

const dayMs = 24 * 3600 * 1000;
const shownDays = 14;
const examples = ["openai/gpt-6-luna", "anthropic/claude-haiku-5-5", "openai/gpt-6.1-terra", "anthropic/claude-sonnet-5-5"];

export function build(panel) {
  // Of the ledger alone: this client makes no call. The real one is opened when it is looked at.
  const clients = {};
  const client = (name) => (clients[name] ??= openClient({ real: name === "real", providers: optionsOf(false), fetch: mockProviders().fetch }));
  let source = "mock";
  const tiles = element("dl", { className: "tiles" });
  const chart = element("div", { className: "chart-box" });
  const legend = element("ul", { className: "legend" });
  const table = element("div", { className: "table", tabIndex: 0, role: "region", ariaLabel: "Spending by day and model" });
  const said = element("p", { className: "note", role: "status" });
  const add = button("Add two weeks of examples", addExamples);
  const code = codeView();

  async function show() {
    const { costs } = client(source);
    const since = new Date(Math.floor(Date.now() / dayMs - shownDays + 1) * dayMs);
    const summary = await costs.summary({ since, by: ["day", "model"] });
    const kept = await cacheStats();
    tiles.replaceChildren(...[
      ["Spent in two weeks", dollars(summary.totalUsd)],
      ["Calls", whole(summary.requests)],
      ["Tokens", whole(summary.totalTokens)],
      ["Cache hits", kept?.hits || kept?.misses ? `${kept.hits} of ${kept.hits + kept.misses}` : "none yet"],
      ["Saved by the cache", kept?.hits ? dollars(kept.savedUsd) : "–"],
    ].map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
    add.hidden = source === "real";
    const { days, models } = arranged(summary, since);
    legend.replaceChildren(...models.map(({ name, series }) => element("li", { className: `series-${series}` }, element("span", { className: "swatch" }), modelOf(name))));
    draw = () => {
      const label = `Spending of the last ${shownDays} days, ${dollars(summary.totalUsd)} in all; the table below has each day.`;
      chart.replaceChildren(...(chart.clientWidth > 0 ? [barChart({ days, width: chart.clientWidth, label })] : []));
      if (summary.requests === 0) chart.append(element("p", { className: "empty-note" }, source === "mock" ? "Nothing yet. Ask something in the chat, compare models, or add examples." : "No call with a key of yours was made from this browser yet."));
    };
    draw();
    table.replaceChildren(tableOf(days, models));
  }

  let draw = () => {};
  new ResizeObserver(() => draw()).observe(chart);

  // Made up, and marked as that in the ledger; the same each time, so that pictures of it can be compared.
  async function addExamples() {
    add.disabled = true;
    said.textContent = "Adding …";
    const { costs } = client("mock");
    const records = [];
    for (let day = shownDays - 1; day >= 0; day -= 1) {
      for (const [at, model] of examples.entries()) {
        const amount = 0.35 + Math.abs(Math.sin(day * 1.7 + at * 2.3));
        const share = [60, 45, 5, 2.2][at] * 1000;
        records.push(costs.record({ model, usage: { inputTokens: Math.round(share * amount * 4), outputTokens: Math.round(share * amount) }, at: new Date(Date.now() - day * dayMs), tags: { example: "yes" } }));
      }
    }
    await Promise.all(records);
    said.textContent = `${records.length} entries were added, marked as examples.`;
    add.disabled = false;
    await show();
  }

  // What was really spent is not gone by one click that missed another button.
  async function forget({ target }) {
    const sure = target.textContent === "Really forget?";
    target.textContent = source === "real" && !sure ? "Really forget?" : "Forget all";
    if (source === "real" && !sure) return;
    await client(source).costs.clear();
    said.textContent = "All entries of this ledger are gone.";
    await show();
  }

  panel.append(
    intro("costs", "What it costs", "Every answer is priced in whole pico-dollars a token and kept in a ledger in this browser, one for all tabs. Nothing is sent anywhere."),
    element("div", { className: "stack" },
      element("div", { className: "row costs-row" },
        choice("Whose", "ledger", [{ value: "mock", label: "The mock’s" }, { value: "real", label: "With my keys" }], (value) => {
          source = value;
          said.textContent = "";
          show();
        }),
        element("div", { className: "row" }, add, button("Export CSV", async () => download(await client(source).costs.export("csv"), "spending.csv")), button("Forget all", forget))),
      said, tiles,
      element("section", { className: "card", ariaLabel: "Spending by model and day" }, element("div", { className: "row head-row" }, element("h3", {}, "By model and day (UTC)"), legend), chart,
        element("details", { className: "table-box" }, element("summary", {}, "As a table"), table)),
      code.node));
  code.show(costsCode());
  return { shown: show };
}

/** The groups of a summary, named "day / provider/model", as days with parts. */
function arranged({ groups, byModel }, since) {
  const models = Object.entries(byModel).sort(([, a], [, b]) => b.usd - a.usd).map(([name], at) => ({ name, series: Math.min(at, 5) }));
  const days = Array.from({ length: shownDays }, (_, at) => new Date(since.getTime() + at * dayMs).toISOString().slice(0, 10));
  return {
    models: models.slice(0, 6),
    days: days.map((day) => ({
      day,
      parts: models.map(({ name, series }) => ({ name, series, usd: groups[`${day} / ${name}`]?.usd ?? 0 })).filter(({ usd }) => usd > 0),
    })),
  };
}

function tableOf(days, models) {
  const cell = (text) => element("td", {}, text);
  const head = element("tr", {}, ...["Day", ...models.map(({ name }) => modelOf(name)), "All"].map((name) => element("th", { scope: "col" }, name)));
  const rows = days.filter(({ parts }) => parts.length > 0).map(({ day, parts }) => {
    const values = models.map(({ name }) => parts.find((part) => part.name === name)?.usd);
    const all = parts.reduce((total, { usd }) => total + usd, 0);
    return element("tr", {}, element("th", { scope: "row" }, day), ...values.map((usd) => cell(usd ? dollars(usd) : "–")), cell(dollars(all)));
  });
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}
