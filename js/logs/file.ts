// The end of a file: where a log is written, by several tabs if need be.
import type { FileHandle } from "../types.ts";

/** What a real handle can do besides. */
interface File2 extends FileHandle {
  name?: string;
  getFile?(): Promise<File>;
  createWritable(options?: { keepExistingData?: boolean }): Promise<WritableStream & { write?(data: unknown): Promise<void>; close(): Promise<void> }>;
}

/**
 * Appends texts. What is written is in the file when the promise resolves: the browser keeps what was written before until
 * then. Past `maxBytes` the older half of the file is left out, at a line's end.
 */
export function appendTo(handle: File2, maxBytes: number | undefined): (text: string) => Promise<void> {
  return (text) =>
    alone(handle.name, async () => {
      if (!handle.getFile) throw new TypeError("a file handle without getFile cannot be appended to");
      const file = await handle.getFile();
      const bytes = new TextEncoder().encode(text);
      const full = maxBytes !== undefined && file.size + bytes.length > maxBytes;
      const stream = await handle.createWritable({ keepExistingData: !full });
      const writer = stream.getWriter();
      try {
        if (full) {
          const kept = await newerHalf(file, Math.max(0, Math.min(file.size, Math.floor(maxBytes / 2)) - bytes.length));
          if (kept.size > 0) await writer.write(kept);
        } else await writer.write({ type: "seek", position: file.size });
        await writer.write(bytes);
        await writer.close();
      } catch (thrown) {
        await writer.abort(thrown).catch(() => {});
        throw thrown;
      }
    });
}

/** The last bytes of a file, from the beginning of a line. */
async function newerHalf(file: File, bytes: number): Promise<Blob> {
  const tail = file.slice(file.size - bytes);
  const text = new Uint8Array(await tail.arrayBuffer());
  const lineEnd = text.indexOf(10);
  return lineEnd < 0 ? new Blob([]) : tail.slice(lineEnd + 1);
}

/** Two tabs that append at once would each write over what the other did. */
function alone(name: string | undefined, work: () => Promise<void>): Promise<void> {
  const locks = globalThis.navigator?.locks;
  return locks && name ? (locks.request(`modelwire-log:${name}`, work) as Promise<void>) : work();
}
