// Prompts with places for values: chosen, filled in, kept, and sent to the chat.
import { examplePrompts, loadTokenizer, PromptLibrary, promptTemplate } from "modelwire";
import { codeView } from "../code.js";
import { element } from "../dom.js";
import { promptCode } from "../snippets.js";
import { button, download, field, intro } from "./parts.js";

const place = "modelwire-prompts";
const beginnings = { question: "Why do cats purr?", task: "Turn a sentence into a headline.", examples: "The council met and agreed on a budget. -> Council agrees on budget", input: "It rained for three days and the river rose.", problem: "A train leaves at 9:40 and takes 95 minutes. When does it arrive?" };

export function build(panel, { useInChat }) {
  const library = new PromptLibrary();
  for (const [name, source] of Object.entries(examplePrompts)) library.add(name, source);
  let name = library.names()[0];
  let values = {};

  const list = element("select", { id: "prompt-choice", size: 5 });
  const source = element("textarea", { id: "prompt-source", rows: 7, spellcheck: false });
  const title = element("input", { id: "prompt-name", spellcheck: false, autocomplete: "off" });
  const fields = element("div", { className: "fields" });
  const preview = element("pre", { className: "preview", tabIndex: 0, role: "region", ariaLabel: "Preview" });
  const said = element("p", { className: "note", role: "status" });
  const tokens = element("span", { className: "note" });
  const file = element("input", { type: "file", accept: "application/json", hidden: true, ariaLabel: "A file of prompts" });
  const use = button("Use in chat", () => useInChat(preview.textContent), "");
  const code = codeView();

  function fill() {
    list.replaceChildren(...library.names().map((each) => element("option", { value: each, selected: each === name }, each)));
  }

  function choose(chosen) {
    name = chosen;
    title.value = name;
    source.value = library.toJSON()[name].template;
    said.textContent = "";
    fill();
    read();
  }

  // The template as it stands in the box: its fields, or what is wrong with it.
  function read() {
    let template;
    try {
      template = promptTemplate(source.value);
    } catch (error) {
      said.textContent = error.message;
      return;
    }
    const { variables } = template;
    if (variables.join() !== [...fields.querySelectorAll("textarea")].map((node) => node.dataset.name).join()) {
      fields.replaceChildren(...variables.map((variable) => {
        const box = element("textarea", { id: `value-${variable}`, rows: 2, value: values[variable] ?? beginnings[variable] ?? "" });
        box.dataset.name = variable;
        box.addEventListener("input", render);
        return field(variable, box);
      }));
      if (variables.length === 0) fields.append(element("p", { className: "note" }, "No variables: write {name} in the template to have one."));
    }
    render();
  }

  async function render() {
    for (const box of fields.querySelectorAll("textarea")) values[box.dataset.name] = box.value;
    const template = promptTemplate(source.value);
    const filled = Object.fromEntries(template.variables.map((variable) => [variable, values[variable]]));
    const text = template.render(filled);
    preview.textContent = text;
    code.show(promptCode({ name: title.value || name, template: source.value, values: filled }));
    const count = await loadTokenizer("o200k_base").then((tokenizer) => tokenizer.count(text), () => null);
    if (preview.textContent === text) tokens.textContent = count === null ? "" : `${count} tokens (o200k_base)`;
  }

  // What the visitor made is kept, examples are not: they come with the package.
  function keep() {
    const own = Object.entries(library.toJSON()).filter(([each, { template }]) => String(examplePrompts[each]) !== template);
    localStorage.setItem(place, JSON.stringify(Object.fromEntries(own)));
  }

  function save() {
    const chosen = title.value.trim() || "mine";
    try {
      library.add(chosen, source.value);
      keep();
      choose(chosen);
      said.textContent = `“${chosen}” is kept in this browser.`;
    } catch (error) {
      said.textContent = error.message;
    }
  }

  async function load(from) {
    await library.load(from).then(
      () => {
        keep();
        fill();
        said.textContent = `${library.names().length} prompts are in the library.`;
      },
      (error) => (said.textContent = error.message),
    );
  }

  list.addEventListener("change", () => choose(list.value));
  source.addEventListener("input", () => {
    said.textContent = "";
    read();
  });
  title.addEventListener("input", read);
  file.addEventListener("change", () => load(file.files[0]));

  panel.append(
    intro("prompts", "Prompt library", "Write {name} where a value goes. Values are inserted once and never read as templates, and JSON needs no escaping."),
    element("div", { className: "sided" },
      element("div", { className: "side" }, field("Library", list),
        element("div", { className: "row" }, button("Export", () => download(new Blob([JSON.stringify(library, null, 2)], { type: "application/json" }), "prompts.json"), "quiet small"), button("Import", () => file.click(), "quiet small"), file)),
      element("div", { className: "stage" },
        element("section", { className: "card stage", ariaLabel: "Template" }, field("Name", title), field("Template", source),
          element("div", { className: "row" }, button("Keep", save), said)),
        element("section", { className: "card stage", ariaLabel: "Values" }, element("h3", {}, "Values"), fields),
        element("section", { className: "card stage", ariaLabel: "Result" }, element("div", { className: "row head-row" }, element("h3", {}, "Rendered"), tokens), preview, element("div", { className: "row" }, use))),
      code.node));
  const kept = localStorage.getItem(place);
  choose(name);
  // Damaged by hand, or by another version: the examples are still there.
  if (kept) load(new Blob([kept]));
}
