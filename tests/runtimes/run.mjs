// Runs the list where it is, and reports each check as it ends. The part of every agent that is the same.
import { connect } from "../servers/replay-client.mjs";
import { checksFor } from "./checks.mjs";
import { describe } from "./expect.mjs";
import { loads } from "./watch.mjs";

const limitMs = 30_000;

/**
 * One attempt, unless a check asks for more: most are about what a failure is, and would wait for the back-off. What is tried
 * again is checks/resilience.mjs's.
 */
const once = (modelwire) => ({ ...modelwire, createClient: (options) => modelwire.createClient({ retry: false, ...options }) });

/**
 * Runs all checks (or those at `indices`); `report` gets { name, ms, error } of each. `settings` come from the driver, `made` from
 * the agent: what makes the stores of its runtime.
 */
export async function runChecks(modelwire, settings, report, indices, made) {
  const env = { ...settings, serve: connect(settings.replay), loads, made };
  const checks = checksFor(env);
  for (const index of indices ?? checks.keys()) await report(await runCheck(checks[index], once(modelwire), env));
}

/** Rejections that nobody handled. Each agent listens in its runtime's way and calls this. */
export function sawUnhandled(reason) {
  unhandled.push(describe(reason));
}
const unhandled = [];

async function runCheck({ name, run }, modelwire, env) {
  const start = performance.now();
  let error = null;
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([run(modelwire, env), late]);
    // Rejections are reported a turn later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const found = unhandled.splice(0);
    if (found.length > 0) throw new Error(`a rejection that nobody handled: ${found.join("; ")}`);
  } catch (caught) {
    unhandled.length = 0;
    error = caught instanceof Error ? `${describe(caught)}\n${caught.stack ?? ""}` : describe(caught);
  }
  clearTimeout(timer);
  return { name, ms: Math.round(performance.now() - start), error };
}
