// Keys at rest, in real browsers: what is on the disk, who can read it, and what may happen to it.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { chromiumFlags, findBrowsers } from "../../js/build/browsers.mjs";
import { serveProvider } from "./site.mjs";

const canary = "sk-canary-7Qw3ZxV9bN2mK5";
const control = "plain-control-4Hs8Tr1Lp6Yd0";

/** Runs in a page: the package, and what the tests ask of the vault. */
async function prepare() {
  const { createClient, isLlmError, KeyVault } = await import("/modelwire/entry/url.js");
  Object.assign(globalThis, { createClient, KeyVault });
  /** What an error says, or the value. */
  globalThis.said = (promise) => promise.catch((error) => (isLlmError(error) ? { code: error.code, message: error.message } : { code: "another error", message: String(error) }));
  /** Everything in a database, as it is kept. */
  globalThis.records = (name) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onerror = reject;
      opening.onsuccess = async () => {
        const database = opening.result;
        const found = [];
        for (const store of database.objectStoreNames) {
          const all = database.transaction(store).objectStore(store);
          const [keys, values] = await Promise.all([all.getAllKeys(), all.getAll()].map((request) => new Promise((done) => (request.onsuccess = () => done(request.result)))));
          keys.forEach((key, at) => found.push([store, key, values[at]]));
        }
        database.close();
        resolve(found);
      };
    });
  globalThis.drop = (name) => new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: () => resolve(), onerror: reject, onblocked: reject }));
}

const found = findBrowsers();
const browsers = { chromium: { args: chromiumFlags }, firefox: { browser: "firefox" } };

for (const [name, options] of Object.entries(browsers)) {
  describe(`a key vault in ${name}`, { skip: found[name] ? false : `there is no ${name}` }, () => {
    let browser;
    const launch = (more) => puppeteer.launch({ executablePath: found[name], headless: true, ...options, ...more });
    before(async () => {
      browser = await launch();
    });
    after(() => browser?.close());

    /** A site of its own: databases are by site. */
    async function withPage(run, open = () => browser.newPage()) {
      const site = await serveProvider();
      const page = await open();
      try {
        await page.goto(site.origin);
        await page.evaluate(prepare);
        await run(page, site);
      } finally {
        await page.close();
        await site.close();
      }
    }

    test("keeps keys over a reload, gives them to a client, lists and deletes them", () =>
      withPage(async (page) => {
        await page.evaluate(async (key) => {
          const vault = await KeyVault.open();
          await vault.put("mine", "an older one");
          await vault.put("mine", key);
          await vault.put("ümlaut/other", "ключ 🔑");
        }, canary);
        await page.reload();
        await page.evaluate(prepare);
        const seen = await page.evaluate(async () => {
          const vault = await KeyVault.open();
          let sent;
          const fetch = (url, init) => {
            sent = new Headers(init.headers).get("authorization");
            return globalThis.fetch(url, init);
          };
          const client = createClient({ providers: { mine: { kind: "openai-compatible", baseURL: `${location.origin}/v1`, apiKey: vault.key("mine") } }, fetch });
          const { text } = await client.chat({ model: "mine/m", messages: "Hi" });
          const names = await vault.names();
          const other = await vault.key("ümlaut/other")();
          await vault.delete("mine");
          await vault.delete("nobody");
          const gone = await said(client.chat({ model: "mine/m", messages: "Hi" }));
          return { sent, text, names, other, gone, left: await vault.names(), direct: await said(vault.key("mine")()) };
        });
        assert.equal(seen.sent, `Bearer ${canary}`);
        assert.deepEqual([seen.text, seen.names, seen.other, seen.left], ["Hi", ["mine", "ümlaut/other"], "ключ 🔑", ["ümlaut/other"]]);
        assert.equal(seen.gone.code, "missing-key");
        assert.match(seen.gone.message, /there is no key "mine" in the key vault "default"/);
        assert.equal(seen.direct.code, "missing-key");
      }));

    test("keeps a key that no script can export, and nothing that holds what was put", () =>
      withPage(async (page) => {
        const seen = await page.evaluate(async (key) => {
          await (await KeyVault.open({ name: "open" })).put("mine", key);
          await (await KeyVault.open({ name: "shut", passphrase: "correct horse" })).put("mine", key);
          const text = (value) => {
            if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder("latin1").decode(value);
            if (value === null || typeof value !== "object") return String(value);
            return Object.keys(value).map((name) => `${name}=${text(value[name])}`).join(";");
          };
          const open = await records("modelwire-vault-open");
          const shut = await records("modelwire-vault-shut");
          const lock = open.find(([store]) => store === "lock")[2];
          const outcomes = [];
          for (const format of ["raw", "jwk"]) outcomes.push(await crypto.subtle.exportKey(format, lock.key).then(() => "exported", (error) => error.name));
          return {
            outcomes, extractable: lock.key.extractable, isKey: lock.key instanceof CryptoKey, usages: [...lock.key.usages].sort(),
            rounds: shut.find(([store]) => store === "lock")[2].rounds,
            hasKey: shut.some(([, , value]) => Object.values(value).some((one) => one instanceof CryptoKey)),
            texts: text([...open, ...shut]), count: open.length + shut.length,
          };
        }, canary);
        assert.deepEqual([seen.outcomes, seen.extractable, seen.isKey, seen.usages], [["InvalidAccessError", "InvalidAccessError"], false, true, ["decrypt", "encrypt"]]);
        assert.deepEqual([seen.rounds, seen.hasKey, seen.count], [600_000, false, 4]);
        assert.ok(!seen.texts.includes(canary) && !seen.texts.includes("correct horse") && seen.texts.includes("mine"), seen.texts);
      }));

    test("has a passphrase that is asked for, and is wrong when it is wrong", () =>
      withPage(async (page) => {
        const seen = await page.evaluate(async (key) => {
          const vault = await KeyVault.open({ name: "v", passphrase: "caf\u00e9" });
          await vault.put("mine", key);
          const lazy = vault.key("mine");
          vault.lock();
          const out = { locked: [await said(lazy()), await said(vault.put("a", "b")), await said(vault.names()), await said(vault.delete("mine"))] };
          out.wrong = await said(KeyVault.open({ name: "v", passphrase: "cafe" }));
          out.none = await said(KeyVault.open({ name: "v" }));
          out.right = await (await KeyVault.open({ name: "v", passphrase: "cafe\u0301" })).key("mine")();
          await KeyVault.open({ name: "w" });
          out.unasked = await said(KeyVault.open({ name: "w", passphrase: "x" }));
          out.options = [await said(KeyVault.open({ passphrase: "" })), await said(KeyVault.open({ name: "" })), await said(KeyVault.open({ password: "x" })), await said((await KeyVault.open()).put("a", "")), await said((await KeyVault.open()).put("", "b"))];
          return out;
        }, canary);
        assert.deepEqual(seen.locked.map(({ code }) => code), ["authentication", "authentication", "authentication", "authentication"]);
        assert.match(seen.locked[0].message, /the key vault "v" is locked: open it again/);
        assert.deepEqual([seen.wrong.code, seen.none.code, seen.unasked.code], ["authentication", "authentication", "config"]);
        assert.match(seen.wrong.message, /the passphrase is not that of the key vault "v"/);
        assert.match(seen.none.message, /needs its passphrase/);
        assert.match(seen.unasked.message, /has no passphrase/);
        assert.equal(seen.right, canary, "the same letters, typed on another keyboard");
        assert.deepEqual(seen.options.map(({ code }) => code), ["config", "config", "config", "config", "config"]);
      }));

    test("is one for all tabs, also when two make it at the same moment", () =>
      withPage(async (page, site) => {
        const other = await browser.newPage();
        await other.goto(site.origin);
        await other.evaluate(prepare);
        const make = (tab, name) => tab.evaluate(async (name) => {
          const vaults = await Promise.all(Array.from({ length: 4 }, () => KeyVault.open({ name: "shared" })));
          await Promise.all(vaults.map((vault, at) => vault.put(`${name}${at}`, `key of ${name}${at}`)));
        }, name);
        await Promise.all([make(page, "a"), make(other, "b")]);
        const read = async () => {
          const vault = await KeyVault.open({ name: "shared" });
          return Promise.all((await vault.names()).map((name) => vault.key(name)()));
        };
        const expected = ["a", "b"].flatMap((name) => [0, 1, 2, 3].map((at) => `key of ${name}${at}`));
        assert.deepEqual(await page.evaluate(read), expected);
        assert.deepEqual(await other.evaluate(read), expected);
        await other.close();
      }));

    test("may be deleted under our hands: what is put afterwards can be read, and another's is not overwritten", () =>
      withPage(async (page, site) => {
        const seen = await page.evaluate(async () => {
          globalThis.vault = await KeyVault.open({ name: "v", passphrase: "p" });
          await vault.put("a", "first");
          await drop("modelwire-vault-v");
          const gone = await said(vault.key("a")());
          await vault.put("b", "second");
          return [gone.code, await (await KeyVault.open({ name: "v", passphrase: "p" })).key("b")()];
        });
        assert.deepEqual(seen, ["missing-key", "second"]);
        const other = await browser.newPage();
        await other.goto(site.origin);
        await other.evaluate(prepare);
        await other.evaluate(async () => {
          await drop("modelwire-vault-v");
          await (await KeyVault.open({ name: "v", passphrase: "another" })).put("c", "third");
        });
        await other.close();
        const late = await page.evaluate(async () => [await said(vault.put("d", "fourth")), await said(vault.key("c")()), await (await KeyVault.open({ name: "v", passphrase: "another" })).names()]);
        assert.deepEqual([late[0].code, late[1].code, late[2]], ["storage", "storage", ["c"]]);
        assert.match(late[0].message, /was deleted and made anew: open it again/);
      }));

    test("does not give a value under another's name, or one that was changed", () =>
      withPage(async (page) => {
        const seen = await page.evaluate(async () => {
          const vault = await KeyVault.open({ name: "v" });
          await vault.put("cheap", "one");
          await vault.put("dear", "two");
          await new Promise((resolve, reject) => {
            const opening = indexedDB.open("modelwire-vault-v");
            opening.onsuccess = () => {
              const transaction = opening.result.transaction("keys", "readwrite");
              const keys = transaction.objectStore("keys");
              keys.get("dear").onsuccess = ({ target }) => keys.put(target.result, "cheap");
              transaction.oncomplete = () => (opening.result.close(), resolve());
              transaction.onabort = reject;
            };
          });
          return said(vault.key("cheap")());
        });
        assert.equal(seen.code, "storage");
        assert.match(seen.message, /cannot be decrypted/);
      }));

    test("says so where nothing may be kept", () =>
      withPage(async (page) => {
        const seen = await page.evaluate(async () => {
          IDBFactory.prototype.open = () => {
            throw new DOMException("The operation is insecure.", "SecurityError");
          };
          return said(KeyVault.open());
        });
        assert.equal(seen.code, "storage");
        assert.match(seen.message, /the key vault "default" could not be read or written \(IndexedDB\): The operation is insecure/);
      }));

    test("works in a private window while that is open, or says that it cannot", async () => {
      const isFirefox = name === "firefox";
      const own = isFirefox && (await launch({ extraPrefsFirefox: { "browser.privatebrowsing.autostart": true } }));
      const context = own ? undefined : await browser.createBrowserContext();
      try {
        await withPage(async (page) => {
          const seen = await page.evaluate(async (key) => said((async () => {
            await (await KeyVault.open()).put("mine", key);
            return (await KeyVault.open()).key("mine")();
          })()), canary);
          if (typeof seen === "string") assert.equal(seen, canary);
          else assert.equal(seen.code, "storage", seen.message);
        }, () => (own || context).newPage());
      } finally {
        await (own || context).close();
      }
    });

    test("leaves no key in any file of the browser's", async () => {
      const profile = mkdtempSync(join(tmpdir(), "modelwire-vault-"));
      const site = await serveProvider();
      try {
        const own = await launch({ userDataDir: profile });
        const page = await own.newPage();
        await page.goto(site.origin);
        await page.evaluate(prepare);
        await page.evaluate(async (key, control) => {
          await (await KeyVault.open({ passphrase: "p" })).put("mine", key);
          // What is kept without the vault is found: the search can fail.
          await new Promise((resolve, reject) => {
            const opening = indexedDB.open("control");
            opening.onupgradeneeded = () => opening.result.createObjectStore("s");
            opening.onsuccess = () => {
              const transaction = opening.result.transaction("s", "readwrite", { durability: "strict" });
              transaction.objectStore("s").put(new TextEncoder().encode(control), "c");
              transaction.oncomplete = () => (opening.result.close(), resolve());
              transaction.onabort = reject;
            };
          });
        }, canary, control);
        await own.close();
        const files = readdirSync(profile, { recursive: true }).map((file) => join(profile, file)).filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
        const holding = (text) => files.filter((file) => {
          const bytes = readFileSync(file);
          return bytes.includes(text) || bytes.includes(Buffer.from(text, "utf16le"));
        });
        assert.notDeepEqual(holding(control), []);
        assert.deepEqual(holding(canary), []);
      } finally {
        await site.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      }
    });
  });
}
