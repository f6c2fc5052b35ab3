// Keys: their values, which never cross into WebAssembly but for one request's headers, and `client.keys`. Which of a pool is
// used, and which rests, is the core's to say.
import { describe, errorOf } from "./errors.ts";
import { environment } from "./env.ts";
import type { Connection } from "./call.ts";
import type { Key, KeyRing } from "./types.ts";

interface Pool {
  /** The option that they were given in. */
  field: string;
  keys: Key[];
}

/** Values of keys, by provider. */
export class Keys {
  readonly #pools = new Map<string, Pool>();

  set(provider: string, field: string, keys: Key[]): void {
    this.#pools.set(provider, { field, keys });
  }

  pool(provider: string): Pool | undefined {
    return this.#pools.get(provider);
  }

  /** For each key, whether a function gives it: all that the core knows of them. */
  lazy(provider: string): boolean[] {
    return (this.#pools.get(provider)?.keys ?? []).map((key) => typeof key === "function");
  }

  /** One key, as it is now. */
  get(provider: string, index: number): string | undefined | Promise<string | undefined> {
    const { field, keys } = this.#pools.get(provider) ?? { field: "", keys: [] };
    const key = keys[index];
    return typeof key === "function" ? ask(`providers.${provider}.${field}`, key) : key;
  }
}

async function ask(field: string, key: () => string | Promise<string>): Promise<string> {
  try {
    return await key();
  } catch (thrown) {
    throw new Error(`the function ${field} failed: ${describe(thrown)}`, { cause: thrown });
  }
}

/** A key or several, as a list; throws a TypeError that names the option. */
export function keyList(path: string, key: Key | Key[] | null | undefined): Key[] {
  const list = Array.isArray(key) ? [...key] : key == null ? [] : [key];
  for (const one of list) {
    if (typeof one !== "string" && typeof one !== "function") {
      const type = one === null ? "null" : typeof one;
      throw new TypeError(`${path} must be a string, a function, or an array of these, not ${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`);
    }
  }
  return list;
}

/** `client.keys`. `connection`: the core, if it is loaded; without it no key has failed yet. */
export function keyRing(keys: Keys, providers: ReadonlySet<string>, connection: () => Connection | undefined, now: () => number): KeyRing {
  const known = (provider: string) => {
    if (!providers.has(provider)) {
      const names = [...providers].join(", ") || "none";
      throw errorOf("config", `there is no provider "${provider}" in this client (configured: ${names})`);
    }
  };
  const replace = (provider: string, list: Key[]) => {
    keys.set(provider, keys.pool(provider)?.field ?? "apiKey", list);
    const { core, client } = connection() ?? {};
    core?.keys_set(client!, provider, JSON.stringify(keys.lazy(provider)));
  };
  return {
    async get(provider) {
      known(provider);
      const { core, client } = connection() ?? {};
      let key: string | undefined;
      try {
        key = await keys.get(provider, core?.key_pick(client!, provider) ?? 0);
      } catch (thrown) {
        throw errorOf("missing-key", describe(thrown), thrown);
      }
      if (typeof key === "string" && key !== "") return key;
      const variable = environment[provider]?.key[0];
      const from = variable ? ` (usually from ${variable})` : "";
      throw errorOf("missing-key", `there is no key for "${provider}": set providers.${provider}.${keys.pool(provider)?.field ?? "apiKey"}${from}`);
    },
    set(provider, key) {
      known(provider);
      replace(provider, keyList(`the key of ${provider}`, key));
    },
    rotate(provider, newKey) {
      known(provider);
      if (Array.isArray(newKey)) throw new TypeError("rotate takes one key; set takes several");
      replace(provider, keyList(`the key of ${provider}`, newKey));
    },
    has(provider) {
      return (keys.pool(provider)?.keys ?? []).some((key) => key !== "");
    },
    status(provider) {
      known(provider);
      const { core, client } = connection() ?? {};
      const health: { healthy: boolean; cooldownUntilMs: number | null }[] = core ? JSON.parse(core.key_health(client!, provider)) : [];
      return (keys.pool(provider)?.keys ?? []).map((key, index) => {
        const { healthy, cooldownUntilMs } = health[index] ?? { healthy: true, cooldownUntilMs: null };
        const rests = cooldownUntilMs !== null && cooldownUntilMs > now();
        return { index, healthy, cooldownUntil: rests ? new Date(cooldownUntilMs).toISOString() : null, masked: masked(key) };
      });
    },
  };
}

/** Enough to tell keys apart, too little to use or to guess one. */
function masked(key: Key): string {
  if (typeof key === "function") return "(function)";
  return key.length < 12 ? "…" : `…${key.slice(-4)}`;
}
