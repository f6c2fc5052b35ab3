// An OpenAI-compatible provider that answers at once, in forty events, one each five milliseconds; its model "slow" takes a hundred for each.
import { createServer } from "node:http";

const event = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event({ role: "assistant", content: "word " }));
    let left = 40;
    const timer = setInterval(() => {
      if (--left > 0) return response.write(event({ content: "word " }));
      clearInterval(timer);
      response.end(`${event({}, "stop")}data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":40,"total_tokens":43}}\n\ndata: [DONE]\n\n`);
    }, /slow"/.test(body) ? 100 : 5);
  });
}).listen(0, function () {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
