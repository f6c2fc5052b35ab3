// In a fresh page: ms from `import` to the first request.
export async function cold() {
  const start = performance.now();
  const { createClient } = await import("/modelwire/entry/url.js");
  return new Promise((resolve) => {
    const fetch = () => (resolve(performance.now() - start), new Promise(() => {}));
    const client = createClient({ providers: { openai: { apiKey: "sk-not-a-key", baseURL: "http://localhost/v1" } }, store: "memory", fetch });
    void client.stream({ model: "openai/gpt-4.1", messages: "Go on." }).text();
  });
}
