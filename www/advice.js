// What a visitor can do about an error, by its code.

const advice = {
  aborted: "You stopped it. What had arrived is kept.",
  authentication: "The provider does not accept this key. Look for a missing character, or make a new key.",
  permission: "The key is good, but not for this. Ask who owns the account, or choose another model.",
  "missing-key": "Type a key, or remove the URL to talk to the mock.",
  "invalid-request": "The provider does not take this request as it is. The message says what to change.",
  unsupported: "This model cannot do what was asked. Choose another, or ask for less.",
  "not-found": "There is no such model, deployment or address. Check both names.",
  "context-length": "The conversation is too long for this model. Start a new one.",
  "content-filter": "A filter of the provider stopped this. Say it in another way.",
  "rate-limit": "Too many requests for now. Wait, then try again.",
  quota: "The account has no credit left. Waiting does not help; look at its billing page.",
  overloaded: "The provider is busy. Try again in a moment.",
  server: "The provider failed. Try again in a moment.",
  network: "The server cannot be reached. Is it running, and are you online?",
  cors: "The server answers, but does not let pages read it. Allow this page's origin there (Ollama: OLLAMA_ORIGINS), or go through a server of yours.",
  timeout: "Nothing came for too long. Try again.",
  truncated: "The connection ended before the answer did. What had arrived is kept.",
  malformed: "What came back is not in this provider's format. Is something else at this address?",
  config: "The settings do not fit together. The message names the one to change.",
};

export function adviceFor(error) {
  const text = advice[error.code] ?? "Try again; if it stays, the message may say why.";
  const seconds = error.retryAfterMs == null ? null : Math.ceil(error.retryAfterMs / 1000);
  return seconds ? `${text} The provider says: in ${seconds} s.` : text;
}
