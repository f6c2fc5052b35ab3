// The page: no key in it, only a token that its own server gave it.
import { createClient, isLlmError } from "modelwire";

let token;
let renewAt = 0;
async function apiKey() {
  if (Date.now() > renewAt) {
    ({ token } = await (await fetch("/token", { method: "POST" })).json());
    renewAt = Date.now() + 9 * 60_000;
  }
  return token;
}

const client = createClient({ providers: { home: { kind: "openai-compatible", baseURL: "/ai/v1", apiKey } } });
const answer = document.querySelector("#answer");

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "";
  try {
    await client.stream({ model: "home/fast", messages: event.target.question.value }).display(answer);
  } catch (error) {
    answer.textContent = isLlmError(error, "rate-limit") ? "Please wait a little." : error.message;
  }
});
