// A fetch handler behind Node's own http server: streams both ways, and a client that goes away aborts its request.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Gives the URL, and what closes the server. */
export function serve(handler, port) {
  const server = createServer(async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    const { method, headers, url } = incoming;
    const body = method === "GET" || method === "HEAD" ? {} : { body: Readable.toWeb(incoming), duplex: "half" };
    const names = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
    try {
      const response = await handler(new Request(new URL(url, "http://gateway"), { method, headers: names, signal: gone.signal, ...body }));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      if (response.body) await pipeline(Readable.fromWeb(response.body), outgoing);
      else outgoing.end();
    } catch {
      outgoing.destroy();
    }
  });
  return new Promise((resolve) => server.listen(port, () => resolve({ url: `http://localhost:${server.address().port}`, close: () => server.close() })));
}
