/** A copy that is an ArrayBuffer by itself, and no piece of a larger one. */
export function bufferOf(value: Uint8Array): ArrayBuffer {
  return value.slice().buffer as ArrayBuffer;
}
