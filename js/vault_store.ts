// The vault itself: what is stored, under which key. A part of the package by itself.
import { describe, errorOf, isLlmError } from "./errors.ts";
import { committed, database, result, type Database } from "./stores/database.ts";

const LOCK = "lock";
const KEYS = "keys";

/** What OWASP asks for with SHA-256. Kept with each vault, so that a later version may ask for more. */
const ROUNDS = 600_000;
/** Encrypted under a passphrase's key: who can read it has the right one. */
const PROOF = "modelwire key vault";

/** Of a vault, made once. */
type Lock = { version: 1; id: string } & ({ kind: "browser"; key: CryptoKey } | { kind: "passphrase"; salt: Uint8Array; rounds: number; proof: Sealed });

interface Sealed {
  iv: Uint8Array;
  data: ArrayBuffer;
}

export interface OpenVault {
  put(name: string, key: string): Promise<void>;
  get(name: string): Promise<string>;
  delete(name: string): Promise<void>;
  names(): Promise<string[]>;
  lock(): void;
}

export async function openVault({ name = "default", passphrase, ...others }: { name?: string; passphrase?: string }): Promise<OpenVault> {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw errorOf("config", `KeyVault.open has no option "${unknown}"`);
  if (typeof name !== "string" || name === "") throw errorOf("config", "the name of a key vault must be a text that is not empty");
  if (passphrase !== undefined && (typeof passphrase !== "string" || passphrase === "")) throw errorOf("config", "the passphrase of a key vault must be a text that is not empty");
  if (!globalThis.indexedDB) throw errorOf("unsupported", "a key vault needs IndexedDB, which pages and their workers have and this runtime has not: give keys by environment variables or a secret store");
  if (!globalThis.crypto?.subtle) throw errorOf("unsupported", "a key vault needs WebCrypto, which a page has when it came by https or from localhost");

  const what = `the key vault "${name}"`;
  const use = database(`modelwire-vault-${name}`, LOCK, KEYS);
  const stored = <T>(work: Parameters<Database>[0]) => asStorage(use(work), what) as Promise<T>;
  const lock = await stored<Lock | undefined>((database) => result(database.transaction(LOCK).objectStore(LOCK).get(LOCK))).then((found) => found ?? make());
  if (lock.version !== 1) throw errorOf("storage", `${what} was made by a newer version of modelwire`);
  let key: CryptoKey | undefined = await unlock(lock);

  /** Another tab may do the same at the same time: the first one's stays. */
  async function make(): Promise<Lock> {
    const id = crypto.randomUUID();
    let made: Lock;
    if (passphrase === undefined) {
      made = { version: 1, id, kind: "browser", key: await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]) };
    } else {
      const salt = crypto.getRandomValues(new Uint8Array(16));
      made = { version: 1, id, kind: "passphrase", salt, rounds: ROUNDS, proof: await seal(await derive(passphrase, salt, ROUNDS), PROOF, LOCK) };
    }
    return stored<Lock>(async (database) => {
      const transaction = database.transaction(LOCK, "readwrite");
      const locks = transaction.objectStore(LOCK);
      let kept = made;
      let refused: unknown;
      const found = locks.get(LOCK) as IDBRequest<Lock | undefined>;
      found.onsuccess = () => {
        try {
          if (found.result) kept = found.result;
          else locks.put(made, LOCK);
        } catch (thrown) {
          // Some private windows keep data, and no keys.
          refused = thrown;
          transaction.abort();
        }
      };
      await committed(transaction).catch((thrown: unknown) => {
        throw refused ?? thrown;
      });
      return kept;
    });
  }

  async function unlock(lock: Lock): Promise<CryptoKey> {
    if (lock.kind === "browser") {
      // It would promise a protection that is not there.
      if (passphrase !== undefined) throw errorOf("config", `${what} has no passphrase: open it without one, or make another`);
      return lock.key;
    }
    if (passphrase === undefined) throw errorOf("authentication", `${what} needs its passphrase`);
    const derived = await derive(passphrase, lock.salt, lock.rounds);
    if ((await unseal(derived, lock.proof, LOCK)) !== PROOF) throw errorOf("authentication", `the passphrase is not that of ${what}`);
    return derived;
  }

  function opened(): CryptoKey {
    if (!key) throw errorOf("authentication", `${what} is locked: open it again`);
    return key;
  }

  function check(entry: string): void {
    if (typeof entry !== "string" || entry === "") throw errorOf("config", "the name of a key must be a text that is not empty");
  }

  return {
    async put(entry, value) {
      check(entry);
      if (typeof value !== "string" || value === "") throw errorOf("config", `the key "${entry}" must be a text that is not empty`);
      const sealed = await seal(opened(), value, entry);
      let isOther = false;
      await stored(async (database) => {
        const transaction = database.transaction([LOCK, KEYS], "readwrite");
        const found = transaction.objectStore(LOCK).get(LOCK) as IDBRequest<Lock | undefined>;
        found.onsuccess = () => {
          isOther = found.result !== undefined && found.result.id !== lock.id;
          if (isOther) return;
          // The database was deleted under our hands: what is written now could never be read without this.
          if (!found.result) transaction.objectStore(LOCK).put(lock, LOCK);
          transaction.objectStore(KEYS).put(sealed, entry);
        };
        await committed(transaction);
      });
      if (isOther) throw errorOf("storage", `${what} was deleted and made anew: open it again`);
    },

    async get(entry) {
      opened();
      const sealed = await stored<Sealed | undefined>((database) => result(database.transaction(KEYS).objectStore(KEYS).get(entry)));
      if (!sealed) throw errorOf("missing-key", `there is no key "${entry}" in ${what}`);
      const value = await unseal(opened(), sealed, entry);
      if (value === undefined) throw errorOf("storage", `the key "${entry}" in ${what} cannot be decrypted: it is damaged, or of a vault that was deleted`);
      return value;
    },

    async delete(entry) {
      check(entry);
      opened();
      await stored((database) => {
        const transaction = database.transaction(KEYS, "readwrite");
        transaction.objectStore(KEYS).delete(entry);
        return committed(transaction);
      });
    },

    async names() {
      opened();
      const names = await stored<string[]>((database) => result(database.transaction(KEYS).objectStore(KEYS).getAllKeys()) as Promise<string[]>);
      return names.sort();
    },

    lock: () => (key = undefined),
  };
}

async function derive(passphrase: string, salt: Uint8Array, rounds: number): Promise<CryptoKey> {
  // The same letters may be typed as different characters: é is one on one keyboard and two on another.
  const typed = new TextEncoder().encode(passphrase.normalize("NFKC"));
  const base = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: salt as BufferSource, iterations: rounds };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** Bound to its name: a value that somebody moves to another one cannot be read there. */
async function seal(key: CryptoKey, value: string, name: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(name);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, new TextEncoder().encode(value)) };
}

/** Nothing when it is not this key's, or not as it was. */
async function unseal(key: CryptoKey, { iv, data }: Sealed, name: string): Promise<string | undefined> {
  const additionalData = new TextEncoder().encode(name);
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv: iv as BufferSource, additionalData }, key, data));
  } catch {
    return undefined;
  }
}

function asStorage<T>(work: Promise<T>, what: string): Promise<T> {
  return work.catch((thrown: unknown) => {
    if (isLlmError(thrown)) throw thrown;
    throw errorOf("storage", `${what} could not be read or written (IndexedDB): ${describe(thrown)}`, thrown);
  });
}
