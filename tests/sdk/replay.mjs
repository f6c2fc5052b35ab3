// A `fetch` that answers every request with the same bytes.

/** `pieceBytes`: how much of the body each read gives; by default all of it. */
export function replay(bytes, { status = 200, headers = {}, pieceBytes = Infinity } = {}) {
  return async () => {
    const body = new ReadableStream({
      start(controller) {
        const step = Math.min(pieceBytes, Math.max(bytes.length, 1));
        for (let at = 0; at < bytes.length; at += step) controller.enqueue(bytes.subarray(at, at + step));
        controller.close();
      },
    });
    return new Response(body, { status, headers });
  };
}

/** What a stream's response says of itself. */
export const streamHeaders = { "content-type": "text/event-stream" };

/** And a whole answer's. */
export const jsonHeaders = { "content-type": "application/json" };
