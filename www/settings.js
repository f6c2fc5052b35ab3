// The settings form: what is chosen, and what the form says about it.
import { by, element } from "./dom.js";
import { forgetKey, hasKey, isKept, keepKey, keyOf, openKeys, typeKey } from "./keys.js";
import { destination, providerOptions, providers } from "./providers.js";
import { scenarios } from "./scenarios.js";

// What was typed is by provider: neither a key nor an address may follow to another one.
const typed = new Map(providers.map((provider) => [provider.name, { model: provider.models[0], url: "" }]));
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
      const value = target.value.trim();
      if (field === "key") typeKey(provider.name, value);
      else typed.get(provider.name)[field] = value;
      describe();
      onChange();
    });
  }
  for (const field of ["scenario", "limit", "cache"]) by(field).addEventListener("change", onChange);
  by("key").addEventListener("change", async () => {
    const { name } = provider;
    // In the vault it need not stand in the form any longer.
    if ((await keepKey(name)) && name === provider.name) show();
  });
  by("forget").addEventListener("click", async () => {
    await forgetKey(provider.name);
    show();
    onChange();
    by("key").focus();
  });
  document.querySelector(".settings").addEventListener("submit", (event) => event.preventDefault());
  show();
  openKeys().then(() => (describe(), onChange()));
}

/** What the form holds now: the provider, the model to ask for, and the options of a client. */
export function chosen() {
  const { model } = typed.get(provider.name);
  const { real } = destinationOf(provider);
  return {
    provider: provider.name,
    label: provider.label,
    model: `${provider.name}/${model || provider.models[0]}`,
    real,
    kept: isKept(provider.name),
    providers: optionsOf(real),
    scenario: scenarios.find(({ name }) => name === by("scenario").value),
    budgetUsd: Number(by("limit").value) || null,
    cache: by("cache").checked,
  };
}

/** Whether a provider would really be asked, and the options of all that would be, or of the mock's. */
export function optionsOf(real) {
  const wanted = providers.filter((each) => !real || each === provider || (destinationOf(each).real && !destinationOf(each).missing));
  return Object.fromEntries(wanted.map((each) => [each.name, providerOptions(each, { apiKey: hasKey(each.name) ? keyOf(each.name) : null, url: typed.get(each.name).url }, real)]));
}

export const isReal = (name) => {
  const { real, missing } = destinationOf(providers.find((each) => each.name === name));
  return real && !missing;
};

const destinationOf = (each) => destination(each, { hasKey: hasKey(each.name), url: typed.get(each.name).url });

function choiceOf({ name, label }) {
  const radio = element("input", { type: "radio", name: "provider", value: name, defaultChecked: name === provider.name });
  return element("label", {}, radio, element("span", {}, label));
}

function show() {
  const { model, url } = typed.get(provider.name);
  by("models").replaceChildren(...provider.models.map((value) => element("option", { value })));
  Object.assign(by("model"), { value: model, placeholder: provider.models[0] });
  Object.assign(by("key"), { value: "", placeholder: provider.keyHint });
  Object.assign(by("url"), { value: url, placeholder: provider.server ?? provider.example });
  by("url-label").textContent = provider.option === "endpoint" ? "Endpoint" : "Base URL";
  describe();
}

function describe() {
  const { real, host, missing } = destinationOf(provider);
  by("kept").hidden = !isKept(provider.name);
  by("kept-text").textContent = `A key for ${provider.label} is in the vault.`;
  by("url-note").textContent = provider.server ? "Only if it is not the usual one." : "Where your server is.";
  by("source").textContent = !real ? "The mock in this page answers." : missing ? `Type the ${missing} that the key is for.` : `${host ?? "Your server"} answers. The key goes there only.`;
  by("scenario").disabled = real;
}
