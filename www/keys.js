// Keys that the visitor typed: in the vault of this browser, one a provider. Where there is no vault, in the memory of the page.
import { KeyVault } from "modelwire";

const inMemory = new Map();
const kept = new Set();
let opened = null;

/** Opens the vault, and knows then which keys are in it. A page on plain http has none. */
export async function openKeys() {
  opened ??= KeyVault.open({ name: "modelwire-page" }).catch(() => null);
  const vault = await opened;
  for (const name of await vault?.names().catch(() => []) ?? []) kept.add(name);
}

/** While it is being typed, a key is used from here, and not written down letter by letter. */
export function typeKey(provider, key) {
  if (key) inMemory.set(provider, key);
  else inMemory.delete(provider);
}

/** A key that is typed to its end goes to the vault. Whether it is there now. */
export async function keepKey(provider) {
  // A key may be typed, or filled in, before the vault is open.
  const vault = await opened;
  const key = inMemory.get(provider);
  if (!key || !vault) return false;
  try {
    await vault.put(provider, key);
  } catch {
    return false;
  }
  kept.add(provider);
  if (inMemory.get(provider) === key) inMemory.delete(provider);
  return true;
}

export async function forgetKey(provider) {
  inMemory.delete(provider);
  kept.delete(provider);
  await (await opened)?.delete(provider);
}

export const hasKey = (provider) => inMemory.has(provider) || kept.has(provider);
export const isKept = (provider) => kept.has(provider);

/** For `apiKey`: decrypted when a call needs it. */
export const keyOf = (provider) => () => inMemory.get(provider) ?? opened.then((vault) => vault.key(provider)());
