/** A copy that is an ArrayBuffer by itself, and no piece of a larger one. */
export function bufferOf(value: Uint8Array): ArrayBuffer {
  return value.slice().buffer as ArrayBuffer;
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Each with its length ahead of it. */
export function packed(pieces: readonly Uint8Array[]): Uint8Array {
  return joined(pieces.flatMap((piece) => [new Uint8Array(Uint32Array.of(piece.length).buffer), piece]));
}

/** They are pieces of one array. */
export function unpacked(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const lengths = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length; ) {
    const length = lengths.getUint32(at, true);
    pieces.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return pieces;
}
