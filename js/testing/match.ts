// Which recorded request a request is, and if none, how it differs from the one that is most like it.
import type { Exchange } from "./tape.ts";

type Asked = Exchange["request"];

/** Requests with the same one are the same: method, address and body; of JSON, whatever the order of its members. */
export function identity({ method, url, contentType, body }: Asked): string {
  return `${method} ${url}\n${canonical(content(body, contentType))}`;
}

/** Why there is no recording. Says nothing that is not in the requests that it is given: those without secrets. */
export function whyNot(asked: Asked, recorded: Asked[]): string {
  const what = `the cassette has no recording of ${asked.method} ${asked.url}`;
  if (recorded.length === 0) return `${what}: it is empty`;
  let best = { score: Infinity, at: 0, difference: "" };
  for (const [at, one] of recorded.entries()) {
    const found = [...differences(one, asked)];
    // An address counts for more than a method, and that for more than all members of a body.
    const score = found.length + (one.method === asked.method ? 0 : 1e5) + (one.url === asked.url ? 0 : 1e6);
    if (score < best.score) best = { score, at, difference: found[0] ?? "nothing that can be named" };
  }
  return `${what}: of the ${recorded.length} that it has, number ${best.at + 1} is the closest, and differs in ${best.difference}`;
}

function* differences(recorded: Asked, asked: Asked): Generator<string> {
  if (recorded.method !== asked.method) yield said("method", recorded.method, asked.method);
  if (recorded.url !== asked.url) yield said("url", recorded.url, asked.url);
  yield* inside("body", content(recorded.body, recorded.contentType), content(asked.body, asked.contentType));
}

function* inside(path: string, recorded: unknown, asked: unknown): Generator<string> {
  if (canonical(recorded) === canonical(asked)) return;
  const are = (test: (value: unknown) => boolean) => test(recorded) && test(asked);
  if (are(Array.isArray)) {
    const [one, two] = [recorded, asked] as [unknown[], unknown[]];
    for (let at = 0; at < Math.max(one.length, two.length); at++) yield* inside(`${path}[${at}]`, one[at], two[at]);
  } else if (are((value) => typeof value === "object" && value !== null && !Array.isArray(value))) {
    const [one, two] = [recorded, asked] as Record<string, unknown>[] as [Record<string, unknown>, Record<string, unknown>];
    for (const name of new Set([...Object.keys(one), ...Object.keys(two)])) yield* inside(`${path}.${name}`, one[name], two[name]);
  } else {
    yield said(path, recorded, asked);
  }
}

function said(path: string, recorded: unknown, asked: unknown): string {
  const [one, two] = [recorded, asked].map((value) => (value === undefined ? undefined : canonical(value)));
  // From a little before where they part: two long texts are otherwise cut where they are still the same.
  let same = 0;
  while (one && two && same < one.length && one[same] === two[same]) same++;
  const from = Math.max(0, same - 20);
  const clipped = (text: string | undefined) => (text === undefined ? "nothing" : `${from > 0 ? "…" : ""}${text.slice(from, from + 80)}${text.length > from + 80 ? "…" : ""}`);
  return `${path}: recorded ${clipped(one)}, asked ${clipped(two)}`;
}

/** JSON as a value, forms without the boundary that is another each time, anything else as text. */
function content(body: Uint8Array, contentType: string | null): unknown {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  const boundary = /^multipart\/.*;\s*boundary="?([^";]+)/i.exec(contentType ?? "")?.[1];
  if (boundary) return [...new TextDecoder("latin1").decode(body).replaceAll(boundary, "boundary")].join("");
  try {
    return JSON.parse(text);
  } catch {
    // Bytes that are no text are still told apart.
    return text.includes("\ufffd") ? new TextDecoder("latin1").decode(body) : text;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
