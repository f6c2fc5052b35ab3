// What happens to each request, told to a row of a timeline: asked, streams, over. Whether it was good is for the client to say.

/** `rowFor({ body, host })` gives the row of a request when it is sent. */
export function watchedFetch(target, rowFor) {
  return async (input, init) => {
    const request = new Request(input, init);
    const body = JSON.parse(await request.clone().text());
    const row = rowFor({ body, host: new URL(request.url).host });
    row.part("head");
    request.signal.addEventListener("abort", () => row.end());
    try {
      const response = await target(request);
      if (response.ok) return new Response(watchedBody(response.body, row), response);
      row.end();
      return response;
    } catch (error) {
      row.end();
      throw error;
    }
  };
}

function watchedBody(body, row) {
  const reader = body.getReader();
  let first = true;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (first && !done) row.part("stream");
        first = false;
        if (done) {
          row.end();
          return controller.close();
        }
        controller.enqueue(value);
      } catch (error) {
        row.end();
        controller.error(error);
      }
    },
    cancel(reason) {
      row.end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
