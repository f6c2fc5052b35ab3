// The settings form: what is chosen, and what the form says about it.
import { destination, providerOptions, providers } from "./providers.js";
import { scenarios } from "./scenarios.js";
import { element } from "./turns.js";

const by = (id) => document.getElementById(id);
// What was typed is kept per provider, and nowhere but here: a key must not follow to another provider.
const typed = new Map(providers.map((provider) => [provider.name, { model: provider.models[0], key: "", url: "" }]));
let provider = providers[0];

/** Builds the form; calls back when what is chosen has changed. */
export function buildSettings(onChange) {
  by("providers").append(...providers.map(choiceOf));
  by("scenario").append(...scenarios.map(({ name, label }) => element("option", { value: name }, label)));
  by("providers").addEventListener("change", ({ target }) => {
    provider = providers.find(({ name }) => name === target.value);
    show();
    onChange();
  });
  for (const field of ["model", "key", "url"]) {
    by(field).addEventListener("input", ({ target }) => {
      typed.get(provider.name)[field] = target.value.trim();
      describe();
      onChange();
    });
  }
  show();
}

/** What the form holds now: the provider, the model to ask for, and the options of a client. */
export function chosen() {
  const values = typed.get(provider.name);
  const { real } = destination(provider, values);
  return {
    provider: provider.name,
    label: provider.label,
    model: `${provider.name}/${values.model || provider.models[0]}`,
    real,
    options: providerOptions(provider, values, real),
    scenario: scenarios.find(({ name }) => name === by("scenario").value),
  };
}

function choiceOf({ name, label }) {
  const radio = element("input", { type: "radio", name: "provider", value: name, defaultChecked: name === provider.name });
  return element("label", {}, radio, element("span", {}, label));
}

function show() {
  const { model, key, url } = typed.get(provider.name);
  by("models").replaceChildren(...provider.models.map((value) => element("option", { value })));
  Object.assign(by("model"), { value: model, placeholder: provider.models[0] });
  Object.assign(by("key"), { value: key, placeholder: provider.keyHint });
  Object.assign(by("url"), { value: url, placeholder: provider.server ?? provider.example });
  by("url-label").textContent = provider.option === "endpoint" ? "Endpoint" : "Base URL";
  describe();
}

function describe() {
  const { real, host, missing } = destination(provider, typed.get(provider.name));
  by("url-note").textContent = provider.server ? "Only if it is not the usual one." : "Where your server is.";
  by("source").textContent = !real ? "The mock in this page answers." : missing ? `Type the ${missing} that the key is for.` : `${host ?? "Your server"} answers. The key goes there only.`;
  by("scenario").disabled = real;
}
