// The public types are assignable to the design's contract, where that is at hand.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const contract = at("../../../shared/design/api.d.ts");

test("the public types are those of the contract", { skip: existsSync(contract) ? false : "there is no contract beside this checkout" }, () => {
  const { stdout, status } = spawnSync(process.execPath, [at("../../node_modules/typescript/bin/tsc"), "-p", at("../types/contract.tsconfig.json")], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});
