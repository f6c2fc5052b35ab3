// Reasoning on its way through a caller: what its maker must get back stands in an item's `encrypted_content`, with who made it.
// The gateway keeps nothing, so that it is there whether it was asked for or not. Not a secret, and not trusted: its maker checks it.
import type { Part } from "./messages.ts";

/** Of a part of reasoning, beyond its text. */
export interface Made {
  provider?: string | undefined;
  model?: string | undefined;
  signature?: string | undefined;
  redacted?: boolean | undefined;
}

const VERSION = "mw1";

export function seal({ provider = "", model = "", signature = "", redacted }: Made): string {
  return [VERSION, encodeURIComponent(provider), encodeURIComponent(model), redacted ? "redacted" : "", signature].join(":");
}

/** null for what was sealed by somebody else. */
export function unseal(text: string): Part | null {
  const [, provider, model, redacted, signature] = /^mw1:([^:]*):([^:]*):(redacted)?:([^]*)$/.exec(text) ?? [];
  if (!provider) return null;
  try {
    const made = { provider: decodeURIComponent(provider), model: decodeURIComponent(model!) };
    return { ...made, ...(signature && { signature }), ...(redacted && { redacted: true }) };
  } catch {
    return null;
  }
}
