// The bodies that the benchmarks read: what each provider sends for one token, again and again, and how a network cuts it.

const words = ["the", " answer", " is", " a", " stream", ",", " and", " it", " says", " so", "\\n", " again", " \\\"quoted\\\"", " naïve", "."];

/** A word as JSON escapes it, without its quotes. */
const word = (at) => words[(at * 7 + (at >> 3)) % words.length];
const said = (at) => JSON.parse(`"${word(at)}"`);

const sse = (data, name) => `${name ? `event: ${name}\n` : ""}data: ${data}\n\n`;

const openaiHead = '{"id":"chatcmpl-CbXk2vN8mQpRtS5uWwYz1aB3dF7gH","object":"chat.completion.chunk","created":1763900000,"model":"gpt-4.1-2025-04-14","service_tier":"default","system_fingerprint":"fp_433e8c8649","choices":[{"index":0,"delta":';
const openaiTail = (at) => `,"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"${"Zx9QkLm2".repeat(3).slice(0, 16 + (at % 5))}"}`;
const openai = (delta, at) => sse(openaiHead + delta + openaiTail(at));
const openaiEnd = (reason) =>
  [
    sse(`${openaiHead}{},"logprobs":null,"finish_reason":"${reason}"}],"usage":null}`),
    sse(`${openaiHead.slice(0, openaiHead.indexOf('"choices"'))}"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":10000,"total_tokens":10012}}`),
    sse("[DONE]"),
  ].join("");

const response = (status, output) =>
  `{"id":"resp_68a1f2c4","object":"response","created_at":1763900000,"status":"${status}","error":null,"incomplete_details":null,"model":"gpt-4.1-2025-04-14","output":${output},"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":${status === "completed" ? '{"input_tokens":12,"input_tokens_details":{"cached_tokens":0},"output_tokens":10000,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":10012}' : "null"}}`;
const responses = (type, rest) => sse(`{"type":"${type}",${rest}}`, type);
const anthropic = (type, rest) => sse(`{"type":"${type}"${rest ? `,${rest}` : ""}}`, type);
const cohere = (type, rest) => sse(`{"type":"${type}"${rest ? `,${rest}` : ""}}`, type);

/** By wire: how a stream begins, one delta of it, how it ends (given the whole text), and the text of one of its events for the raw loop. */
export const wires = {
  openai: {
    path: "/v1/chat/completions",
    begin: () => openai('{"role":"assistant","content":"","refusal":null}', 0),
    delta: (at) => openai(`{"content":"${word(at)}"}`, at),
    end: () => openaiEnd("stop"),
    read: (event) => event.choices[0]?.delta?.content,
  },
  responses: {
    path: "/v1/responses",
    begin: () =>
      responses("response.created", `"sequence_number":0,"response":${response("in_progress", "[]")}`) +
      responses("response.output_item.added", '"sequence_number":1,"output_index":0,"item":{"id":"msg_68a1f2c4","type":"message","status":"in_progress","content":[],"role":"assistant"}') +
      responses("response.content_part.added", '"sequence_number":2,"item_id":"msg_68a1f2c4","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}'),
    delta: (at) =>
      responses("response.output_text.delta", `"sequence_number":${at + 3},"item_id":"msg_68a1f2c4d0b88190a2c4e6f8091a2b3c","output_index":0,"content_index":0,"delta":"${word(at)}","logprobs":[],"obfuscation":"${"Zx9QkLm2".repeat(3).slice(0, 12 + (at % 5))}"`),
    end(text) {
      const part = `{"type":"output_text","annotations":[],"logprobs":[],"text":${JSON.stringify(text)}}`;
      const item = `{"id":"msg_68a1f2c4","type":"message","status":"completed","content":[${part}],"role":"assistant"}`;
      return (
        responses("response.output_text.done", `"sequence_number":90001,"item_id":"msg_68a1f2c4","output_index":0,"content_index":0,"text":${JSON.stringify(text)},"logprobs":[]`) +
        responses("response.output_item.done", `"sequence_number":90002,"output_index":0,"item":${item}`) +
        responses("response.completed", `"sequence_number":90003,"response":${response("completed", `[${item}]`)}`)
      );
    },
    read: (event) => (event.type === "response.output_text.delta" ? event.delta : undefined),
  },
  anthropic: {
    path: "/v1/messages",
    begin: () =>
      anthropic("message_start", '"message":{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}}') +
      anthropic("content_block_start", '"index":0,"content_block":{"type":"text","text":""}'),
    delta: (at) => anthropic("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":"${word(at)}"}`),
    end: () =>
      anthropic("content_block_stop", '"index":0') +
      anthropic("message_delta", '"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":10000}') +
      anthropic("message_stop"),
    read: (event) => (event.type === "content_block_delta" ? event.delta.text : undefined),
  },
  cohere: {
    path: "/v2/chat",
    begin: () =>
      cohere("message-start", '"id":"29f14a5a-11de-4cae-9800-25e4747408ea","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}') +
      cohere("content-start", '"index":0,"delta":{"message":{"content":{"type":"text","text":""}}}'),
    delta: (at) => cohere("content-delta", `"index":0,"delta":{"message":{"content":{"text":"${word(at)}"}}}`),
    end: () => cohere("content-end", '"index":0') + cohere("message-end", '"delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":12,"output_tokens":10000},"tokens":{"input_tokens":12,"output_tokens":10000}}}'),
    read: (event) => (event.type === "content-delta" ? event.delta.message.content.text : undefined),
  },
  tools: {
    path: "/v1/chat/completions",
    begin: () => openai('{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_9xYz","type":"function","function":{"name":"write","arguments":""}}]}', 0) + openai('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"text\\":\\""}}]}', 0),
    delta: (at) => openai(`{"tool_calls":[{"index":0,"function":{"arguments":"${["lorem ", "ipsum ", "dolor ", "sit "][at % 4]}"}}]}`, at),
    end: () => openai('{"tool_calls":[{"index":0,"function":{"arguments":"\\"}"}}]}', 0) + openaiEnd("tool_calls"),
    read: (event) => event.choices[0]?.delta?.tool_calls?.[0]?.function?.arguments,
  },
};

/** A stream of so many deltas: its bytes, where its events end, and its text. */
export function bodyOf(name, count) {
  const wire = wires[name];
  const deltas = Array.from({ length: count }, (_, at) => wire.delta(at));
  const text = name === "tools" ? "" : Array.from({ length: count }, (_, at) => said(at)).join("");
  return [wire.begin(), ...deltas, wire.end(text)];
}

const encoder = new TextEncoder();

/** How a network may cut it; each read by itself. */
export const framings = {
  "16 KB reads": (events) => cut(events, () => 16384),
  "one event a read": (events) => events.map((event) => encoder.encode(event)),
  "random 1-150 B reads": (events) => {
    let state = 1;
    return cut(events, () => 1 + ((state = (state * 48271) % 2147483647) % 150));
  },
};

function cut(events, length) {
  const bytes = encoder.encode(events.join(""));
  const reads = [];
  for (let at = 0; at < bytes.length; ) reads.push(bytes.slice(at, (at += length())));
  return reads;
}

/** A response that gives these reads, one when it is asked for one. */
export function respond(reads) {
  let at = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at < reads.length) controller.enqueue(reads[at++]);
      else controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
