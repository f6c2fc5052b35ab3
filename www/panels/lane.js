// One model of a comparison: its text while it grows, and its figures.
import { element, growingText, nextFrame } from "../dom.js";
import { costText, modelOf, seconds, speedOf, whole } from "../format.js";

/** `series` is the number of its colour. */
export function addLane(parent, { model, label, series }) {
  const body = element("div", { className: "lane-text", tabIndex: 0, role: "region", ariaLabel: `Answer of ${modelOf(model)}` });
  const text = growingText(body);
  const state = element("span", { className: "state" }, "waiting");
  const figures = { firstTokenMs: null, speed: null, usd: null };
  const cells = Object.fromEntries(["First token", "Speed", "Output", "Cost"].map((name) => [name, element("dd", {}, "–")]));
  const list = Object.entries(cells).map(([name, cell]) => element("div", {}, element("dt", {}, name), cell));
  const head = element("header", {}, element("h3", {}, modelOf(model)), element("span", {}, label), state);
  const article = element("article", { className: `lane series-${series}`, ariaBusy: "true" }, head, body, element("dl", {}, ...list));
  parent.append(article);

  const show = () => nextFrame(show, () => {
    cells["First token"].textContent = figures.firstTokenMs == null ? "–" : seconds(figures.firstTokenMs);
    cells.Speed.textContent = figures.speed == null ? "–" : `${whole(figures.speed)}/s`;
    cells.Output.textContent = figures.tokens == null ? "–" : whole(figures.tokens);
    cells.Cost.textContent = figures.cost === undefined ? "–" : costText(figures.cost);
    body.scrollTop = body.scrollHeight;
  });

  return {
    model,
    series,
    figures,
    async read(stream) {
      const startedAt = performance.now();
      try {
        for await (const event of stream) {
          if (event.type === "start") {
            figures.firstTokenMs = performance.now() - startedAt;
            state.textContent = "streaming";
          } else if (event.type === "text-delta") text.append(event.text);
          else if (event.type === "usage") Object.assign(figures, { tokens: event.usage.outputTokens, cost: event.cost, usd: event.cost?.usd ?? null });
          else if (event.type === "end") Object.assign(figures, { firstTokenMs: event.response.timing.firstTokenMs, speed: speedOf(event.response), finished: true });
          if (figures.firstTokenMs != null && !figures.finished && figures.tokens) figures.speed = (figures.tokens * 1000) / (performance.now() - startedAt - figures.firstTokenMs);
          show();
        }
        state.textContent = "done";
      } catch (error) {
        state.textContent = error.code ?? "error";
        article.classList.add("failed");
        body.append(element("p", { className: "failure" }, element("strong", {}, error.code ?? "error"), `: ${error.message}`));
      } finally {
        text.flush();
        show();
        article.ariaBusy = "false";
      }
    },
  };
}
