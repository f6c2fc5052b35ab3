// Where `save` and `display` put text. Opening a sink checks the target; nothing has been sent yet.
import type { FileHandle, NodeWritable } from "./types.ts";

export interface Sink {
  /** What is at hand may come in one piece. */
  joins?: boolean;
  /** A promise is waited for. */
  write(text: string): unknown;
  close?(): unknown;
  /** After a failure, the sink's own or another's. Never throws. */
  abort?(error: unknown): unknown;
}

/** For `save`. */
export async function openSink(target: FileHandle | WritableStream | NodeWritable, onProgress?: (bytes: number) => void): Promise<Sink> {
  const any = target as Partial<FileHandle & WritableStream & NodeWritable> | null | undefined;
  if (typeof any?.createWritable === "function") target = await any.createWritable();
  const sink =
    typeof (target as WritableStream)?.getWriter === "function"
      ? webSink(target as WritableStream)
      : typeof any?.write === "function" && typeof any.end === "function"
        ? nodeSink(target as NodeWritable)
        : undefined;
  if (!sink) throw new TypeError("save takes a file handle, a WritableStream, or a Node stream");
  const encoder = new TextEncoder();
  let total = 0;
  return {
    joins: true,
    async write(text) {
      const bytes = encoder.encode(text);
      // A sink of strings makes one of what it gets; it shall get the text, not "104,105".
      Object.defineProperty(bytes, "toString", { value: () => text });
      await sink.write(bytes);
      onProgress?.((total += bytes.length));
    },
    close: sink.close,
    abort: sink.abort,
  };
}

interface ByteSink {
  write(bytes: Uint8Array): unknown;
  close(): unknown;
  abort(error: unknown): unknown;
}

function webSink(stream: WritableStream): ByteSink {
  const writer = stream.getWriter();
  // Its rejections are those of the writes.
  writer.closed.catch(() => {});
  return {
    async write(bytes) {
      await writer.ready;
      await writer.write(bytes);
    },
    close: () => writer.close(),
    abort: (error) => void writer.abort(error).catch(() => {}),
  };
}

function nodeSink(stream: NodeWritable & Partial<Record<"on" | "off", (name: string, listener: (error: unknown) => void) => void> & { destroy(): void }>): ByteSink {
  let reject: ((error: unknown) => void) | undefined;
  let failed: { error: unknown } | undefined;
  // Without a listener a failed stream takes the process down.
  const onError = (error: unknown) => {
    failed = { error };
    reject?.(error);
  };
  stream.on?.("error", onError);
  const call = (start: (done: (error?: unknown) => void) => void) =>
    new Promise<void>((resolve, fail) => {
      reject = fail;
      if (failed) fail(failed.error);
      else start((error) => (error ? fail(error) : resolve()));
    });
  return {
    write: (bytes) => call((done) => stream.write(bytes, done)),
    async close() {
      await call((done) => stream.end(done as () => void));
      stream.off?.("error", onError);
    },
    // The listener stays: what a broken stream still has to say must not take the process down either.
    abort: () => (stream.destroy ? stream.destroy() : stream.end()),
  };
}

/** For `display`. */
export function displayOn(target: unknown): Sink {
  const any = target as Partial<{ append(text: string): void; write(text: string): unknown } & Element> | null | undefined;
  if (typeof any?.append === "function" && any.nodeType) return { joins: true, write: elementWriter(any as Element) };
  if (typeof any?.write === "function") return { write: (text) => any.write!(text) };
  if (typeof any?.append === "function") return { write: (text) => any.append!(text) };
  throw new TypeError("display takes a DOM element, or something with write(text) or append(text)");
}

// One text node that grows: ten thousand of them make every layout slow.
function elementWriter(element: Element): (text: string) => void {
  let node: Text | undefined;
  return (text) => {
    if (node?.parentNode === element) node.appendData(text);
    else element.append((node = element.ownerDocument.createTextNode(text)));
  };
}
