// Where things are kept.

export interface Store {
  get(key: string): Promise<Uint8Array | null>;
  set(key: string, value: Uint8Array, options?: { ttlSeconds?: number }): Promise<void>;
  delete(key: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<string>;
}
