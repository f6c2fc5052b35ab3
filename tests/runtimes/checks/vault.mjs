// Keys at rest: where there is IndexedDB, and what is said where there is none. More of it: tests/e2e/vault.test.mjs.
import { equal, failure, ok } from "../expect.mjs";

export const vaultChecks = [
  {
    name: "a key vault keeps a key and gives it back",
    where: ({ page }) => page,
    async run({ KeyVault }) {
      const name = `checks ${crypto.randomUUID()}`;
      await (await KeyVault.open({ name, passphrase: "p" })).put("mine", "sk-1");
      const vault = await KeyVault.open({ name, passphrase: "p" });
      equal([await vault.names(), await vault.key("mine")()], [["mine"], "sk-1"], "what was kept");
      indexedDB.deleteDatabase(`modelwire-vault-${name}`);
    },
  },
  {
    name: "a key vault says plainly that there is no IndexedDB",
    where: ({ page }) => !page,
    async run(modelwire) {
      const { message } = await failure(modelwire, modelwire.KeyVault.open(), "unsupported");
      ok(message.includes("IndexedDB"), message);
    },
  },
];
