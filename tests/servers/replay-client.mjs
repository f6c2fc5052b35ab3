// How a test talks to `replay.mjs`, from any runtime: web APIs only.

/** `serve(script)` for a server at { origin, elsewhere, control }. */
export function connect({ origin, elsewhere, control }) {
  const ask = async (path, body) => {
    const answer = await fetch(`${control}/scripts${path}`, { method: "POST", body: body ?? "" });
    if (!answer.ok) throw new Error(`the replay server said ${answer.status} to ${path}`);
    return answer.json();
  };
  return async function serve(script) {
    const { id } = await ask("", JSON.stringify(script));
    return {
      /** Without "/v1": as Anthropic and Cohere take it. */
      baseURL: `${origin}/${id}`,
      elsewhere: `${elsewhere}/${id}`,
      /** What was seen: { requests, open, preflights }; waits for requests that are "arrived", "paused" or "closed". */
      seen: (until, count = 1) => ask(until ? `/${id}/seen?until=${until}&count=${count}` : `/${id}/seen`),
      /** Ends so many pauses. */
      release: (count = 1) => ask(`/${id}/release?count=${count}`),
      /** From now on `closedAfterMarkMs` counts. */
      mark: () => ask(`/${id}/mark`),
    };
  };
}
