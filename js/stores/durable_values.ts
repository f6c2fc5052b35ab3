// Values in the SQLite database of a Durable Object: what `durableObjectStore` asks of a `LimitObject`.
import { joined, packed } from "./bytes.ts";

/** What is needed of the SQLite database of a Durable Object. */
export interface DurableSql {
  exec(query: string, ...bindings: any[]): Iterable<Record<string, any>>;
}

/** A row has at most 2 MB. */
const PART_BYTES = 1024 * 1024;

/** What a list gives at once. */
const MOST_KEYS = 5_000;
const ENOUGH_BYTES = 4 * 1024 * 1024;

/** Never before a key that begins so: no UTF-8 has this byte. */
const BEGINS = "name >= ?1 AND name < ?2 || CAST(x'ff' AS TEXT)";
const LIVES = "(until IS NULL OR until > ?3)";

interface Row {
  name: string;
  part: number;
  bytes: ArrayBuffer;
}

export class DurableValues {
  readonly #sql: DurableSql;
  readonly #together: (work: () => void) => void;
  #isMade = false;

  /** `together`: runs what is to happen as a whole or not at all. */
  constructor(sql: DurableSql, together: (work: () => void) => void) {
    this.#sql = sql;
    this.#together = together;
  }

  /** Made with the first value: an object that counts a limit has no tables. */
  #made(): DurableSql {
    if (!this.#isMade) {
      this.#sql.exec("CREATE TABLE IF NOT EXISTS modelwire_values (name TEXT NOT NULL, part INTEGER NOT NULL, until REAL, bytes BLOB NOT NULL)");
      // All that a list reads: it goes past no value.
      this.#sql.exec("CREATE INDEX IF NOT EXISTS modelwire_names ON modelwire_values (name, part, until)");
      this.#sql.exec("CREATE INDEX IF NOT EXISTS modelwire_ends ON modelwire_values (until) WHERE until IS NOT NULL");
      this.#isMade = true;
    }
    return this.#sql;
  }

  get(name: string, now: number): ArrayBuffer[] | null {
    const rows = [...this.#made().exec("SELECT bytes FROM modelwire_values WHERE name = ? AND (until IS NULL OR until > ?) ORDER BY part", name, now)] as Row[];
    return rows.length > 0 ? rows.map(({ bytes }) => bytes) : null;
  }

  set(name: string, value: Uint8Array, until: number | null): void {
    const sql = this.#made();
    this.#together(() => {
      sql.exec("DELETE FROM modelwire_values WHERE name = ?", name);
      for (let part = 0; part === 0 || part * PART_BYTES < value.length; part++) {
        const bytes = value.slice(part * PART_BYTES, (part + 1) * PART_BYTES).buffer;
        sql.exec("INSERT INTO modelwire_values (name, part, until, bytes) VALUES (?, ?, ?, ?)", name, part, until, bytes);
      }
    });
  }

  /** Whether there was one. */
  delete(name: string, now: number): boolean {
    const sql = this.#made();
    const [found] = sql.exec("SELECT 1 FROM modelwire_values WHERE name = ? AND part = 0 AND (until IS NULL OR until > ?)", name, now);
    sql.exec("DELETE FROM modelwire_values WHERE name = ?", name);
    return found !== undefined;
  }

  /** Keys that begin so, from one on, packed; `next`: where the rest begins, if there is any. */
  keys(prefix: string, from: string, now: number): Listed {
    const found = this.#made().exec(`SELECT name FROM modelwire_values WHERE part = 0 AND ${BEGINS} AND ${LIVES} ORDER BY name LIMIT ${MOST_KEYS}`, from, prefix, now);
    const names = Array.from(found, ({ name }) => name as string);
    return { body: packed(names.map((name) => new TextEncoder().encode(name))), ...(names.length === MOST_KEYS && { next: after(names.at(-1)!) }) };
  }

  /** Their values in place of them. */
  values(prefix: string, from: string, now: number): Listed {
    const found: Uint8Array[] = [];
    let [bytes, last] = [0, ""];
    for (const row of this.#made().exec(`SELECT name, part, bytes FROM modelwire_values WHERE ${BEGINS} AND ${LIVES} ORDER BY name, part`, from, prefix, now) as Iterable<Row>) {
      if (row.part === 0 && bytes >= ENOUGH_BYTES) return { body: packed(found), next: after(last) };
      const piece = new Uint8Array(row.bytes);
      found.push(row.part === 0 ? piece : joined([found.pop()!, piece]));
      bytes += piece.length;
      last = row.name;
    }
    return { body: packed(found) };
  }

  /** Deletes what has had its time. What is left: whether anything is, and when the next of it has. */
  forget(now: number): { isEmpty: boolean; next: number | null } {
    const [table] = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'modelwire_values'");
    if (!table) return { isEmpty: true, next: null };
    const sql = this.#made();
    sql.exec("DELETE FROM modelwire_values WHERE until <= ?", now);
    const [left] = sql.exec("SELECT 1 FROM modelwire_values LIMIT 1");
    const [{ next }] = [...sql.exec("SELECT min(until) AS next FROM modelwire_values WHERE until IS NOT NULL")] as [{ next: number | null }];
    return { isEmpty: left === undefined, next };
  }
}

export interface Listed {
  body: Uint8Array;
  next?: string;
}

/** The next key that there could be. */
const after = (name: string) => `${name}\0`;
