// How many tests passed, failed and were skipped, read from what test runners print.

/** Of `cargo test` and of wasm-bindgen's test runner: one line for each test binary. */
export function countCargoTests(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const lines = plain(output).matchAll(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm);
  for (const [, passed, failed, ignored] of lines) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(ignored);
  }
  return counts;
}

/** Of `node --test` with its spec reporter: the summary at its end. */
export function countNodeTests(output) {
  const text = plain(output);
  const last = (word) => Number([...text.matchAll(new RegExp(`^ℹ ${word} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
  return { passed: last("pass"), failed: last("fail") + last("cancelled"), skipped: last("skipped") + last("todo") };
}

// Without colours, which FORCE_COLOR and the like bring even into pipes.
const plain = (output) => output.replace(/\x1b\[[\d;]*m/g, "");
