// A share of the calls: all records of a call are logged, or none.

/** Whether a call is among them. */
export function sampler(sample = 1): (callId: string) => boolean {
  return (callId) => sample === 1 || place(callId) < sample;
}

/** Where a call stands between 0 and 1, the same each time. */
function place(callId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < callId.length; at++) hash = Math.imul(hash ^ callId.charCodeAt(at), 0x01000193);
  // Without this, names that differ in their last characters only would stand side by side.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
