// What a conversation looks like: one article a turn. Everything that comes from outside goes in as text, never as markup.

/** Shows what the visitor wrote. */
export function addQuestion(parent, text) {
  const article = element("article", { className: "turn question" }, element("h2", {}, "You"), element("p", { className: "text" }, text));
  parent.append(article);
  return article;
}

/** An answer that grows. `title` says who answers, `model` with what; `real` whether anybody is billed for it. */
export function addAnswer(parent, title, model, real) {
  const text = document.createTextNode("");
  const body = element("div", { className: "text" }, text);
  const facts = element("dl", { className: "facts" });
  const article = element("article", { className: "turn answer", ariaBusy: "true" }, element("h2", {}, title, " ", element("span", {}, model)), body, facts);
  let reasoning;
  parent.append(article);

  return {
    article,
    addText: (delta) => text.appendData(delta),
    addReasoning(delta) {
      reasoning ??= openReasoning(article, body);
      reasoning.appendData(delta);
    },
    addToolCall(name) {
      const input = document.createTextNode("");
      const call = element("p", { className: "tool" }, element("code", {}, name, "(", input, ")"));
      facts.before(call);
      return {
        addInput: (delta) => input.appendData(delta),
        setInput: (whole) => (input.data = whole),
        setResult: (result) => call.append(element("span", { className: "result" }, ` → ${result}`)),
      };
    },
    /** What it came to so far. */
    setUsage: (usage, cost) => facts.replaceChildren(...listed([["Tokens", tokensOf(usage)], costOf(cost, real)])),
    /** The answer is over: with a response, an error, or an error that kept part of a response. */
    end({ response, error, advice, again, wire }) {
      article.ariaBusy = "false";
      body.hidden = text.data === "";
      facts.hidden = !response;
      if (response) facts.replaceChildren(...factsOf(response, error?.code ?? response.finishReason, real));
      if (response?.warnings?.length) facts.after(warningsOf(response.warnings));
      if (error) article.append(failureOf(error, advice, again));
      if (wire) article.append(wireOf(wire));
    },
    text: () => text.data,
  };
}

function openReasoning(article, body) {
  const text = document.createTextNode("");
  body.before(element("details", { className: "reasoning", open: true }, element("summary", {}, "Reasoning"), element("p", {}, text)));
  return text;
}

function factsOf({ usage, cost, timing }, ending, real) {
  return listed([
    ["Finished", ending],
    ["Tokens", tokensOf(usage)],
    costOf(cost, real),
    ["First token", seconds(timing.firstTokenMs)],
    ["Total", seconds(timing.totalMs)],
  ]);
}

function listed(facts) {
  return facts.filter(([, value]) => value).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

// A price that is not known is not shown as nothing. Of small sums the first two digits that are not 0 say enough.
function costOf(cost, real) {
  const name = real ? "Cost" : "Would cost";
  if (!cost) return [name, "not known"];
  const digits = cost.usd > 0 ? Math.max(2, 1 - Math.floor(Math.log10(cost.usd))) : 2;
  return [name, `${cost.estimated ? "about " : ""}$${cost.usd.toFixed(Math.min(digits, 9))}`];
}

// What the provider did not count is not shown as 0.
function tokensOf({ inputTokens, outputTokens, reasoningTokens, estimated }) {
  const counts = [
    inputTokens != null && `${inputTokens} in`,
    outputTokens != null && `${outputTokens} out${reasoningTokens ? ` (${reasoningTokens} reasoning)` : ""}`,
  ].filter(Boolean);
  return counts.length > 0 ? `${estimated ? "about " : ""}${counts.join(", ")}` : "not counted";
}

function warningsOf(warnings) {
  return element("ul", { className: "warnings", ariaLabel: "Warnings" }, ...warnings.map(({ message }) => element("li", {}, message)));
}

function failureOf(error, advice, again) {
  const name = element("strong", {}, error.code ?? error.name ?? "error");
  const status = error.status ? ` (${error.status})` : "";
  const retry = again && element("button", { type: "button", className: "quiet" }, "Try again");
  retry?.addEventListener("click", () => again() && retry.remove());
  const lines = [element("p", {}, name, status, ": ", error.message || String(error)), element("p", { className: "advice" }, advice)];
  return element("div", { className: error.code === "aborted" ? "failure mild" : "failure" }, ...lines, ...(retry ? [retry] : []));
}

function wireOf({ url, body }) {
  const json = element("pre", { tabIndex: 0 }, `POST ${url}\n\n${JSON.stringify(body, null, 2)}`);
  return element("details", { className: "wire" }, element("summary", {}, "What was sent"), json);
}

const seconds = (ms) => (ms == null ? null : `${(ms / 1000).toFixed(2)} s`);

/** A DOM element: properties, then children (strings are text). */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}
