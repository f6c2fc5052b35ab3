// What can go wrong on demand: one row a fault, as the mock is told and as the client is set up for it.

export const chain = ["openai/gpt-6-luna", "anthropic/claude-haiku-5-5", "cohere/command-r7b-12-2024"];

const text = "When something breaks, the answer should not. What you read here came over a connection that was made to fail on purpose: the timeline above shows what was asked, what failed, how long was waited, and who went on. Nothing of it had to be written by the page; it is told by events, and the answer ends with the list of all attempts.";
const fine = { delayMs: 200, tokensPerSecond: 60, text };

/** `reply(provider, count, body)`: what the mock does at a provider's n-th request. */
export const faults = [
  {
    name: "limited",
    label: "Rate limit (429)",
    note: "The provider says when to come back; the client comes back then.",
    reply: (provider, count) => (count === 1 ? { delayMs: 150, status: 429, retryAfterSeconds: 1.5 } : fine),
  },
  {
    name: "outage",
    label: "Outage (503)",
    note: "Two tries with back-off, then the next model of the chain.",
    retry: { maxAttempts: 2, baseDelayMs: 800, jitter: false },
    reply: (provider) => (provider === "openai" ? { delayMs: 300, status: 503 } : fine),
  },
  {
    name: "cut",
    label: "Stream cut in the middle",
    note: "The next model is shown what was said, and goes on from there.",
    midStream: true,
    retry: { maxAttempts: 1 },
    reply: (provider, _, body) => (provider === "openai" ? { ...fine, cutAfterEvents: 34 } : goOn(fine, body)),
  },
  {
    name: "slow",
    label: "Slow tokens, then silence",
    note: "A second without a token is too long: the stream is left, and continued elsewhere.",
    midStream: true,
    retry: { maxAttempts: 1 },
    timeout: { idleMs: 1000 },
    reply: (provider, _, body) => (provider === "openai" ? { ...fine, tokensPerSecond: 8, stallAfterEvents: 16 } : goOn(fine, body)),
  },
  {
    name: "network",
    label: "No network to one host",
    note: "Two providers cannot be reached; the third answers.",
    retry: { maxAttempts: 1 },
    reply: (provider) => (provider === "cohere" ? fine : { delayMs: 400, networkError: true }),
  },
  {
    name: "burst",
    label: "Too many calls at once",
    note: "Six calls, and a limit of two at once and 120 a minute: the limiter holds the others back, and none is refused.",
    limits: { openai: { requestsPerMinute: 120, burst: 2 } },
    burst: 6,
    reply: () => ({ delayMs: 150, tokensPerSecond: 60, text: "One of six answers, none of which was refused: who had to wait, waited here." }),
  },
];

// Who goes on is shown what was said; the mock looks it up and says the rest, as a model would.
function goOn(reply, body) {
  const shown = JSON.stringify(body);
  let said = text.length;
  while (!shown.includes(text.slice(0, said))) said -= 1;
  return { ...reply, text: text.slice(said) };
}
