// Tokens for pages: who it is, what he may and until when, signed. Stateless: what was spent is counted at the gateway, by id.
//
//   mw1.<key id>.<claims, JSON in base64url>.<HMAC-SHA-256 of all before, in base64url>
//
// The algorithm stands nowhere in it, so that nobody can choose another.
import type { Caller, PageTokens } from "../types/gateway.ts";
import { checkCaller } from "./options.ts";

const VERSION = "mw1";
/** As many characters as a key of HMAC-SHA-256 has bytes: less can be guessed. */
const LEAST_SECRET = 32;
/** What a header holds with ease. */
const LONGEST = 8192;

interface Claims extends Caller {
  exp: number;
}

/**
 * Short-lived tokens that a page uses as its `apiKey`, with the gateway as its `baseURL`. The secret has at least 32 characters;
 * `{ current, keys }` has several by name: tokens are signed with `current`, and those of the others are accepted until you take
 * the key out.
 */
export function pageTokens(secret: string | { current: string; keys: Record<string, string> }): PageTokens {
  const given = typeof secret === "string" ? { current: "0", keys: { "0": secret } } : secret;
  if (typeof given !== "object" || given === null || typeof given.keys !== "object" || given.keys === null) {
    throw new TypeError("pageTokens takes a secret, or { current, keys }");
  }
  const secrets = new Map(Object.entries(given.keys));
  for (const [id, one] of secrets) {
    if (!/^[\w-]{1,64}$/.test(id)) throw new TypeError(`the key id "${id}" must be made of letters, digits, - and _`);
    if (typeof one !== "string" || one.length < LEAST_SECRET) throw new TypeError(`the secret "${id}" must be a string of at least ${LEAST_SECRET} characters`);
  }
  const { current } = given;
  if (!secrets.has(current)) throw new TypeError(`there is no key "${current}" to sign with`);
  const imported = new Map<string, Promise<CryptoKey>>();

  function keyOf(id: string): Promise<CryptoKey> {
    let key = imported.get(id);
    if (!key) {
      key = crypto.subtle.importKey("raw", utf8(secrets.get(id)!), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
      imported.set(id, key);
    }
    return key;
  }

  return {
    async mint({ expiresInSeconds, ...caller }) {
      checkCaller(caller);
      if (!(expiresInSeconds > 0 && expiresInSeconds <= 31_536_000)) throw new TypeError("expiresInSeconds must be more than 0, and at most a year");
      const claims: Claims = { ...caller, exp: Date.now() / 1000 + expiresInSeconds };
      const head = `${VERSION}.${current}.${base64url(utf8(JSON.stringify(claims)))}`;
      const token = `${head}.${base64url(new Uint8Array(await crypto.subtle.sign("HMAC", await keyOf(current), utf8(head))))}`;
      if (token.length > LONGEST) throw new TypeError(`a token must not be longer than ${LONGEST} characters`);
      return token;
    },

    async authorize(request) {
      const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
      if (!token || token.length > LONGEST) return null;
      const [version, id, claims, signature, ...more] = token.split(".");
      if (version !== VERSION || !id || !claims || !signature || more.length > 0 || !secrets.has(id)) return null;
      const [signed, bytes] = [bytesOf(signature), bytesOf(claims)];
      if (!signed || !bytes) return null;
      // Compares in a time that tells nothing.
      const good = await crypto.subtle.verify("HMAC", await keyOf(id), signed, utf8(`${version}.${id}.${claims}`));
      if (!good) return null;
      const { exp, ...caller } = JSON.parse(new TextDecoder().decode(bytes)) as Claims;
      return exp > Date.now() / 1000 ? caller : null;
    },
  };
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function base64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** null: it is not base64url, or not the one way to write these bytes. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]+$/.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    return base64url(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}
