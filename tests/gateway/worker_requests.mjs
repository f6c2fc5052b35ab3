// A Worker whose requests share one client, as they do in most Workers.
import { createClient } from "modelwire";
import { memoryStore } from "modelwire/stores/web";

const model = "anthropic/claude-haiku-5-5";
const clients = {};
/** A store whose first change takes so long that the request is gone by then. */
function stalling() {
  const store = memoryStore();
  let first = true;
  return {
    ...store,
    async set(...given) {
      if (first) {
        first = false;
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      }
      return store.set(...given);
    },
  };
}
const options = {
  retries: () => ({ retry: { maxAttempts: 2 } }),
  rate: () => ({ limits: { anthropic: { requestsPerMinute: 600, burst: 1 } } }),
  places: () => ({ limits: { anthropic: { maxConcurrent: 1 } } }),
  ledger: () => ({ store: stalling() }),
  cache: () => ({ cache: { store: stalling() } }),
};

export default {
  async fetch(request, { PROVIDERS }) {
    const what = new URL(request.url).pathname.slice(1);
    const prompt = await request.text();
    const client = (clients[what] ??= createClient({ providers: { anthropic: { apiKey: "a-key", baseURL: PROVIDERS } }, retry: false, ...options[what]() }));
    if (prompt === "summary") return Response.json((await client.costs.summary()).requests);
    const asked = { model, messages: prompt, signal: request.signal };
    if (prompt.includes("never end")) return client.stream(asked).toResponse("openai");
    try {
      return new Response((await client.chat(asked)).text);
    } catch (thrown) {
      return new Response(String(thrown), { status: 500 });
    }
  },
};
