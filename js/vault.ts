// Keys at rest. What does it is a part by itself, loaded by `open`: most pages keep no keys.
import { part } from "./errors.ts";
import type { Key } from "./types.ts";
import type { OpenVault } from "./vault_store.ts";

/**
 * Keys at rest: in IndexedDB, encrypted with AES-GCM under a key that the browser keeps and no script can read (without a passphrase), or under one that is made
 * of a passphrase (PBKDF2, SHA-256, 600,000 rounds, a random salt) and is nowhere but in memory while the vault is open.
 *
 * Protects what is stored: a copied profile or backup holds no key, if there is a passphrase; without one it holds the ciphertext and, within the
 * browser's own files, what decrypts it. Does not protect from hostile script in the page: that can ask the vault as you can.
 */
export class KeyVault {
  readonly #vault: OpenVault;

  private constructor(vault: OpenVault) {
    this.#vault = vault;
  }

  /**
   * Opens the vault of this name (default "default"), or makes it. All tabs of a site share it. Rejects with code "unsupported" where there is no IndexedDB (Node,
   * Deno, Bun, Workers) or no WebCrypto (a page that is not https or localhost), "authentication" when the passphrase is wrong or needed, "config" for one that the vault
   * was not made with, "storage" when the browser does not keep anything.
   */
  static async open(options: { name?: string; passphrase?: string } = {}): Promise<KeyVault> {
    const { openVault } = await part(import("./vault_store.ts"));
    return new KeyVault(await openVault(options));
  }

  /** Keeps a key, in place of one that has the name already. Settled when it is on the disk's way: committed. */
  put(name: string, key: string): Promise<void> {
    return this.#vault.put(name, key);
  }

  /**
   * For `apiKey`: a function that decrypts the key when it is needed. It rejects with code "missing-key" when there is none of this name,
   * "authentication" when the vault is locked.
   */
  key(name: string): Key {
    return () => this.#vault.get(name);
  }

  /** Nothing, when there is none of this name. */
  delete(name: string): Promise<void> {
    return this.#vault.delete(name);
  }

  /** In alphabetical order. Names are not encrypted. */
  names(): Promise<string[]> {
    return this.#vault.names();
  }

  /** Forgets the key of this object, for good: open the vault again. Other tabs' and objects' stay open. */
  lock(): void {
    this.#vault.lock();
  }
}
