// A stream of bytes as whole lines, some at a time.

/** Gives text that ends where a line does; the last may be half a line. `inTime` watches over each read. Leaving the loop cancels the stream. */
export async function* linesOf(body: ReadableStream<Uint8Array>, inTime: <T>(read: Promise<T>) => Promise<T>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  // In pieces: a line may be megabytes, and adding to one text each time would be quadratic.
  let pieces: string[] = [];
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      const piece = decoder.decode(value, { stream: !done });
      const end = piece.lastIndexOf("\n") + 1;
      if (end > 0) {
        pieces.push(piece.slice(0, end));
        yield pieces.join("");
        pieces = [];
      }
      pieces.push(piece.slice(end));
      if (done) break;
    }
    const rest = pieces.join("");
    if (rest.trim() !== "") yield rest;
  } finally {
    // What the server thinks of that is no matter.
    reader.cancel().catch(() => {});
  }
}
