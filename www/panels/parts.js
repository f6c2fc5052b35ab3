// What panels have in common.
import { element } from "../dom.js";

/** The head of a panel: its title and what it shows. */
export function intro(id, title, text) {
  return element("header", { className: "intro" }, element("h2", { id: `${id}-title` }, title), element("p", {}, text));
}

/** A label above its control. */
export function field(label, control) {
  control.id ||= `${label.toLowerCase().replace(/\W+/g, "-")}-field`;
  return element("div", { className: "field" }, element("label", { htmlFor: control.id }, label), control);
}

/** Of several choices one, as radio buttons. `onChange` gets the value. */
export function choice(legend, name, options, onChange) {
  const inputs = options.map(({ value, label, note }, at) => {
    const radio = element("input", { type: "radio", name, value, defaultChecked: at === 0 });
    radio.addEventListener("change", () => onChange(value));
    return element("label", {}, radio, element("span", {}, label, ...(note ? [element("small", {}, note)] : [])));
  });
  return element("fieldset", {}, element("legend", {}, legend), element("div", { className: "choices" }, ...inputs));
}

/** A button. */
export function button(text, onClick, className = "quiet") {
  const node = element("button", { type: "button", className }, text);
  node.addEventListener("click", onClick);
  return node;
}

/** Gives a file to the visitor. */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
