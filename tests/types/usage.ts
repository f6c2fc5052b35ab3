// What a developer writes compiles, and what is a mistake does not. Compiled only.
import { createClient, isLlmError, providersFromEnv, readStream, ready, withRetry, type ChatEvent, type ErrorCode, type LlmError } from "modelwire";

const client = createClient({ providers: { openai: { apiKey: async () => "key" }, mine: { kind: "openai-compatible", baseURL: "/v1" } } });

export async function calls(controller: AbortController, element: HTMLElement, file: FileSystemFileHandle): Promise<string> {
  await ready(fetch("modelwire_bg.wasm"));
  const { text, newMessages } = await client.chat({ model: "openai/m", messages: "Hi", signal: controller.signal });
  const stream = client.stream({ messages: [{ role: "user", content: text }, ...newMessages] });
  for await (const event of stream) if (event.type === "text-delta") element.append(event.text);
  for await (const piece of stream.textStream) element.append(piece.toUpperCase());
  await stream.display(element);
  await stream.save(file, { onProgress: (bytes) => bytes.toFixed() });
  await stream.save(new WritableStream<string>());
  await stream.pipeTo(new WritableStream<ChatEvent>());
  await using own = client.stream({ messages: "Hi" });
  const awaited: Response = await own.toResponse("openai", { headers: { vary: "origin" } });
  const direct: Response = own.toResponse();
  return readStream(Promise.resolve(awaited ?? direct)).text();
}

export async function resilience(env: Record<string, string | undefined>): Promise<string> {
  const made = createClient({
    providers: providersFromEnv(env),
    models: { any: ["openai/a", { model: "anthropic/b", weight: 2, request: { maxTokens: 5, timeout: { idleMs: 5 } } }] },
    retry: { when: (error, attempt) => error.code === "server" && attempt < 2 && { delayMs: 5 } },
    fallback: { order: "weighted", when: (error, attempt) => (error.retryable ? true : attempt.provider) },
    limits: { openai: { requestsPerMinute: 5, scope: "origin" } },
  });
  const off: () => void = made.on("limit", ({ waiting, resetAt }) => console.log(waiting.toFixed(), resetAt?.length));
  made.on("retry", ({ error }) => console.log(error?.code satisfies ErrorCode | undefined));
  off();
  made.keys.set("openai", ["a", async () => "b"]);
  await made.limits.acquire("openai/a", { tokens: 5 }, { maxWaitMs: 5, priority: 1 });
  return withRetry(async (attempt) => attempt.toFixed(), { maxAttempts: 2, signal: AbortSignal.timeout(5) });
}

export async function queues(): Promise<string | undefined> {
  await using queue = client.queue({ name: "a", workers: 2, durable: true, autoStart: false, onResult: ({ response }) => console.log(response?.text) });
  const off: () => void = queue.on("error", ({ error, attempts }) => console.log(error?.code satisfies ErrorCode | undefined, attempts.toFixed()));
  const { id, state } = await queue.enqueue({ messages: "Hi" }, { id: "a", priority: 2, deadlineMs: 5 });
  off();
  return state === "waiting" && (await queue.cancel(id)) ? (await queue.list("cancelled"))[0]?.enqueuedAt : (await queue.get(id))?.response?.text;
}

// @ts-expect-error there is no such state
client.queue().list("lost");
// @ts-expect-error there is no such event
client.on("retries", () => {});
// @ts-expect-error one key takes the place of all
client.keys.rotate("openai", ["a", "b"]);

export function errors(error: unknown): LlmError | number | undefined {
  if (isLlmError(error, "context-length")) {
    const code: "context-length" = error.code;
    return code.length + (error.needed ?? 0);
  }
  return isLlmError(error) ? error : undefined;
}

export function everyCode(code: ErrorCode): boolean {
  return code !== "aborted";
}

// @ts-expect-error providers are required
createClient({});
// @ts-expect-error a key is a string or gives one
createClient({ providers: { openai: { apiKey: 5 } } });
// @ts-expect-error messages are required
client.chat({ model: "openai/m" });
// @ts-expect-error no such role
client.chat({ messages: [{ role: "robot", content: "x" }] });
// @ts-expect-error no such format
client.stream({ messages: "x" }).toResponse("xml");
// @ts-expect-error no such code
isLlmError(0, "nope");
// @ts-expect-error an LlmError is never made by its user
export const made = new (null as unknown as typeof LlmError)();

// What a schema is of, the answer has; what a tool takes, its `run` gets.
import { tool } from "modelwire";
import { z } from "zod";

export async function schemas(): Promise<number> {
  const output = z.object({ city: z.string(), n: z.string().transform(Number) });
  const response = await client.chat({ messages: "Hi", output });
  const streamed = await client.stream({ messages: "Hi", output }).response;
  const untyped: unknown = (await client.chat({ messages: "Hi", output: { type: "object" } })).output;
  const add = tool({ name: "add", input: z.object({ a: z.number(), b: z.number() }), run: ({ a, b }, { signal }) => (signal.aborted ? 0 : a + b) });
  await client.with({ tools: [add], tags: { a: "b" } }).chat({ messages: [{ role: "user", content: [{ type: "image", image: new Blob([]) }] }] });
  // @ts-expect-error `n` is a number once it was transformed
  response.output?.n.toUpperCase();
  return (response.output?.n ?? 0) + (streamed.output?.city.length ?? 0) + (untyped === undefined ? 0 : 1);
}

// @ts-expect-error `a` is a number
tool({ name: "f", input: z.object({ a: z.number() }), run: ({ a }) => a.toUpperCase() });
