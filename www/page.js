// The page: which panel is shown. The chat is there at once; another panel is loaded when it is first opened.
import { showEnd, writeMessage } from "./panels/chat.js";
import { by, element } from "./dom.js";

const panels = {
  chat: null,
  compare: () => import("./panels/compare.js"),
  faults: () => import("./panels/faults.js"),
  costs: () => import("./panels/costs.js"),
  prompts: () => import("./panels/prompts.js"),
};
const built = new Map();

async function show() {
  const name = Object.hasOwn(panels, location.hash.slice(1)) ? location.hash.slice(1) : "chat";
  for (const each of Object.keys(panels)) by(`panel-${each}`).hidden = each !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  scrollTo({ top: 0, behavior: "instant" });
  if (name === "chat") showEnd();
  const panel = by(`panel-${name}`);
  if (!panels[name]) return;
  if (!built.has(name)) built.set(name, panels[name]().then(({ build }) => build(panel, { useInChat })));
  try {
    (await built.get(name))?.shown?.();
  } catch {
    // What was not loaded is loaded when the panel is opened again.
    built.delete(name);
    panel.replaceChildren(element("p", { className: "failure" }, "This panel could not be loaded. Are you online?"));
  }
}

function useInChat(text) {
  location.hash = "#chat";
  // Not when the event comes: what is hidden cannot have the focus.
  show();
  writeMessage(text);
}

addEventListener("hashchange", show);
// The skip link goes to the panel, and leaves the address alone.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  by("main").focus();
});
show();
