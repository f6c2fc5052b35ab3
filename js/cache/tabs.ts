// One call for all tabs of a site: who holds the lock of a key asks, the others read what that one tells, and take over when it is gone.
//
// The browser takes the lock back from a tab that crashes. What is told is the tape, so far and as it comes; a tab that has shown the
// beginning of an answer whose teller is gone goes on with what was kept, if that begins the same.
import { onCollected } from "../finalize.ts";

const CHANNEL = "modelwire-cache";

type Message =
  | { type: "follow"; key: string; by: string }
  | { type: "leave"; key: string; by: string }
  | { type: "asking"; key: string }
  | { type: "tape"; key: string; to: string; piece: string }
  | { type: "end"; key: string; to: string };

/** Who asks, to those who follow. */
export interface Told {
  /** What came so far. */
  readonly text: string;
  follow(): void;
  leave(): void;
}

export interface Following {
  piece(text: string): void;
  end(): void;
}

/** The tabs of this site, for one client. Undefined where tabs cannot speak to one another. */
export class Tabs {
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #by = crypto.randomUUID();
  readonly #asking = new Map<string, { told: Told; followers: Set<string> }>();
  readonly #following = new Map<string, Following>();

  static open(): Tabs | undefined {
    if (typeof BroadcastChannel !== "function" || !globalThis.navigator?.locks) return undefined;
    const tabs = new Tabs();
    // What Node and Deno would wait for at their end.
    (tabs.#channel as { unref?(): void }).unref?.();
    return tabs;
  }

  constructor() {
    const listen = weakListener(this);
    this.#channel.addEventListener("message", listen);
    const channel = this.#channel;
    onCollected(this, () => channel.close());
  }

  close(): void {
    this.#channel.close();
  }

  /** The lock of a key: at once, or not at all. Gives what releases it. */
  tryLock(key: string): Promise<(() => void) | undefined> {
    return hold(key, { ifAvailable: true });
  }

  /** The same when it is free. Rejects when the signal is aborted. */
  lock(key: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    return hold(key, { signal });
  }

  /** This tab asks, and tells others. Gives what to call with each piece, and at the end without. */
  ask(key: string, told: Told): (piece?: string) => void {
    const followers = new Set<string>();
    this.#asking.set(key, { told, followers });
    // Who has asked to follow between the lock and now was not heard.
    this.#post({ type: "asking", key });
    return (piece) => {
      for (const to of followers) this.#post(piece === undefined ? { type: "end", key, to } : { type: "tape", key, to, piece });
      if (piece === undefined && this.#asking.get(key)?.told === told) this.#asking.delete(key);
    };
  }

  /** Another tab asks. Gives what to call when this is over. */
  follow(key: string, following: Following): () => void {
    this.#following.set(key, following);
    this.#post({ type: "follow", key, by: this.#by });
    return () => {
      if (this.#following.get(key) !== following) return;
      this.#following.delete(key);
      this.#post({ type: "leave", key, by: this.#by });
    };
  }

  hear(message: Message): void {
    if (message.type === "asking") {
      if (this.#following.has(message.key)) this.#post({ type: "follow", key: message.key, by: this.#by });
    } else if (message.type === "follow" || message.type === "leave") {
      const asking = this.#asking.get(message.key);
      if (!asking) return;
      if (message.type === "leave") {
        if (asking.followers.delete(message.by)) asking.told.leave();
        return;
      }
      if (asking.followers.has(message.by)) return;
      asking.followers.add(message.by);
      asking.told.follow();
      if (asking.told.text) this.#post({ type: "tape", key: message.key, to: message.by, piece: asking.told.text });
    } else if (message.to === this.#by) {
      const following = this.#following.get(message.key);
      if (message.type === "tape") following?.piece(message.piece);
      else following?.end();
    }
  }

  #post(message: Message): void {
    try {
      this.#channel.postMessage(message);
    } catch {
      // Closed, with its client.
    }
  }
}

// Made out here: a function made in there would keep the tabs alive.
function weakListener(tabs: Tabs): (event: MessageEvent) => void {
  const held = typeof WeakRef === "undefined" ? { deref: () => tabs } : new WeakRef(tabs);
  return ({ data }) => held.deref()?.hear(data as Message);
}

function hold(key: string, options: LockOptions): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`modelwire-cache:${key}`, options, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}
