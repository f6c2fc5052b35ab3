// What a conversation looks like: one article a turn. Everything that comes from outside goes in as text, never as markup.
import { element, growingText } from "./dom.js";
import { costText, seconds, speedOf, tokensText, whole } from "./format.js";

/** Shows what the visitor wrote, and the images that go with it. */
export function addQuestion(parent, text, images = []) {
  const pictures = images.map(({ url, name }) => element("img", { src: url, alt: name }));
  const body = element("p", { className: "text" }, text);
  parent.append(element("article", { className: "turn question" }, element("h3", {}, "You"), ...(pictures.length ? [element("div", { className: "pictures" }, ...pictures)] : []), body));
}

/** An answer that grows. `title` says who answers, `model` with what; `real` whether anybody is billed for it. */
export function addAnswer(parent, title, model, real) {
  const body = element("div", { className: "text" });
  const text = growingText(body);
  const facts = element("dl", { className: "facts" });
  const ends = element("div", { className: "ends" });
  const foot = element("div", { className: "foot" }, facts, ends);
  const article = element("article", { className: "turn answer", ariaBusy: "true" }, element("h3", {}, title, " ", element("span", {}, model)), body, foot);
  let reasoning;
  parent.append(article);

  return {
    article,
    addText: (delta) => text.append(delta),
    addReasoning(delta) {
      reasoning ??= openReasoning(body);
      reasoning.append(delta);
    },
    addToolCall(name) {
      const input = document.createTextNode("");
      const call = element("p", { className: "tool" }, element("code", {}, name, "(", input, ")"));
      foot.before(call);
      return {
        addInput: (delta) => input.appendData(delta),
        setInput: (whole) => (input.data = whole),
        setResult: (result) => call.append(element("span", { className: "result" }, ` → ${result}`)),
      };
    },
    /** What it came to so far is on the meter; its line here is filled when it is over. */
    end({ response, error, advice, again, wire }) {
      text.flush();
      reasoning?.flush();
      article.ariaBusy = "false";
      body.hidden = text.text === "";
      facts.hidden = !response;
      if (response) facts.replaceChildren(...factsOf(response, error?.code ?? response.finishReason, real));
      article.classList.toggle("cached", response?.cached === true);
      if (response?.warnings?.length) foot.after(warningsOf(response.warnings));
      if (error) article.append(failureOf(error, advice, again));
      else if (response?.finishReason === "budget") article.append(element("p", { className: "failure mild" }, element("strong", {}, "budget"), ": the rest would have passed the budget of this session. The provider’s request was stopped; what had arrived is kept."));
      else if (again) ends.append(againButton("Ask again", again));
      if (wire) ends.append(wireOf(wire));
    },
    text: () => text.text,
  };
}

function openReasoning(body) {
  const box = element("p", {});
  body.before(element("details", { className: "reasoning", open: true }, element("summary", {}, "Reasoning"), box));
  return growingText(box);
}

function againButton(title, again) {
  const button = element("button", { type: "button", className: "quiet small again" }, title);
  button.addEventListener("click", () => again() && button.remove());
  return button;
}

function factsOf(response, ending, real) {
  const { usage, cost, cached, timing } = response;
  const speed = speedOf(response);
  return listed([
    ["Finished", ending],
    cached && ["Answer", "kept, no call"],
    ["Tokens", tokensText(usage)],
    costOf(cost, real),
    ["First token", seconds(timing.firstTokenMs)],
    !cached && speed && ["Speed", `${whole(speed)}/s`],
    ["Total", seconds(timing.totalMs)],
  ]);
}

function listed(facts) {
  return facts.filter((fact) => fact && fact[1]).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

const costOf = (cost, real) => [real ? "Cost" : "Would cost", costText(cost)];

function warningsOf(warnings) {
  return element("ul", { className: "warnings", ariaLabel: "Warnings" }, ...warnings.map(({ message }) => element("li", {}, message)));
}

function failureOf(error, advice, again) {
  const name = element("strong", {}, error.code ?? error.name ?? "error");
  const status = error.status ? ` (${error.status})` : "";
  const retry = again && againButton("Try again", again);
  const lines = [element("p", {}, name, status, ": ", error.message || String(error)), element("p", { className: "advice" }, advice)];
  return element("div", { className: error.code === "aborted" ? "failure mild" : "failure" }, ...lines, ...(retry ? [retry] : []));
}

function wireOf({ url, body }) {
  const json = element("pre", { tabIndex: 0 }, `POST ${url}\n\n${JSON.stringify(body, shortened, 2)}`);
  return element("details", { className: "wire" }, element("summary", {}, "What was sent"), json);
}

// An image is a megabyte of letters that nobody reads.
function shortened(_, value) {
  return typeof value === "string" && value.length > 2000 ? `${value.slice(0, 120)}… (${value.length} characters)` : value;
}
