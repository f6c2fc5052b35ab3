// A provider that answers one request after the other, and what each of its wires was sent.
import { key } from "./wires.mjs";

/**
 * A client of `wire` whose requests are answered by `scripts`, in order; the last one stays. `bodies()` gives what was sent,
 * `release()` ends a pause of the first.
 * Each script is a server of its own, because one answers every request alike: the client's `fetch` goes from one to the next.
 */
export async function rounds({ createClient }, env, wire, scripts) {
  const servers = [];
  for (const script of scripts) servers.push(await env.serve(script));
  const [{ baseURL }] = servers;
  let sent = 0;
  const fetch = (url, init) => {
    const server = servers[Math.min(sent, servers.length - 1)];
    sent += 1;
    return globalThis.fetch(server.baseURL + String(url).slice(baseURL.length), init);
  };
  const client = createClient({ providers: wire.provider(baseURL, key), fetch });
  const bodies = async () => {
    const seen = await Promise.all(servers.map((server) => server.seen()));
    return seen.flatMap(({ requests }) => requests.map(({ body }) => JSON.parse(body)));
  };
  return { client, bodies, release: () => servers[0].release() };
}

/** A script for a body that is not a stream. */
export const whole = (value) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });

/** What stands in the body of a request, wherever the wire has it: { results, images, schema, thoughts }. */
export const sentTo = (wire, body) => formats.find(({ path }) => wire.path.includes(path)).read(body);

const said = (content) => (typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join(""));
const parts = (content) => (Array.isArray(content) ? content : []);

const formats = [
  {
    path: "/chat/completions",
    read: ({ messages, response_format }) => ({
      results: messages.filter(({ role }) => role === "tool").map(({ tool_call_id: id, content }) => ({ id, text: said(content) })),
      images: messages.flatMap(({ content }) => parts(content)).filter(({ type }) => type === "image_url").map((part) => part.image_url.url),
      schema: response_format?.json_schema?.schema,
    }),
  },
  {
    path: "/responses",
    read: ({ input, text }) => ({
      results: input.filter(({ type }) => type === "function_call_output").map(({ call_id: id, output }) => ({ id, text: said(output) })),
      images: input.flatMap(({ content }) => parts(content)).filter(({ type }) => type === "input_image").map((part) => part.image_url),
      schema: text?.format?.schema,
      thoughts: input.filter(({ type }) => type === "reasoning").map(({ summary, encrypted_content }) => [said(summary), encrypted_content]),
    }),
  },
  {
    path: "/v1/messages",
    read: ({ messages, output_config }) => {
      const blocks = messages.flatMap(({ content }) => parts(content));
      const images = blocks.filter(({ type }) => type === "image").map(({ source }) => source);
      return {
        results: blocks.filter(({ type }) => type === "tool_result").map(({ tool_use_id: id, content }) => ({ id, text: said(content) })),
        images: images.map(({ url, media_type, data }) => url ?? `data:${media_type};base64,${data}`),
        schema: output_config?.format?.schema,
        thoughts: blocks.filter(({ type }) => type === "thinking").map(({ thinking, signature }) => [thinking, signature]),
      };
    },
  },
  {
    path: "/v2/chat",
    read: ({ messages, response_format }) => ({
      results: messages.filter(({ role }) => role === "tool").map(({ tool_call_id: id, content }) => ({ id, text: said(content) })),
      images: messages.flatMap(({ content }) => parts(content)).filter(({ type }) => type === "image_url").map((part) => part.image_url.url),
      schema: response_format?.json_schema,
      thoughts: messages.flatMap(({ content }) => parts(content)).filter(({ type }) => type === "thinking").map(({ thinking }) => [thinking]),
    }),
  },
];
