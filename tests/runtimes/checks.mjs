// What must hold in every runtime: one list, run by each. A check is { name, run(modelwire, env), where? }.
//
//   modelwire   the package, imported by its public name
//   env.serve   a server that replays bytes (../servers/replay-client.mjs)
//   env.aimock  the address of a mock of four providers that somebody else wrote
//   env.fixtures  what the stream fixtures must come to
//   env.session   a session with that mock, recorded once, and what was seen of it
//   env.dead    an address at which nobody listens
//   env.page    whether this is a web page (or a worker of one), where CORS rules
//   env.loads   how often WebAssembly was instantiated so far (watch.mjs)
//
// Only web APIs: workerd and pages have no others. `where(env)` says for which env a check is; driver and runtime both ask
// it, so that it goes by env alone.
import { cacheChecks } from "./checks/cache.mjs";
import { cassetteChecks } from "./checks/cassette.mjs";
import { clientChecks } from "./checks/client.mjs";
import { failureChecks } from "./checks/failures.mjs";
import { loadingChecks } from "./checks/loading.mjs";
import { logChecks } from "./checks/logs.mjs";
import { mediaChecks } from "./checks/media.mjs";
import { outputChecks } from "./checks/output.mjs";
import { pageChecks } from "./checks/page.mjs";
import { promptChecks } from "./checks/prompts.mjs";
import { queueChecks } from "./checks/queue.mjs";
import { reasoningChecks } from "./checks/reasoning.mjs";
import { costChecks } from "./checks/costs.mjs";
import { resilienceChecks } from "./checks/resilience.mjs";
import { stoppingChecks } from "./checks/stopping.mjs";
import { storeChecks } from "./checks/stores.mjs";
import { streamChecks } from "./checks/streams.mjs";
import { tokenChecks } from "./checks/tokens.mjs";
import { toolChecks } from "./checks/tools.mjs";
import { vaultChecks } from "./checks/vault.mjs";
import { wireChecks } from "./checks/wires.mjs";

// Loading first: it counts what nothing else has caused yet.
const wireByWire = [...wireChecks, ...toolChecks, ...outputChecks, ...reasoningChecks, ...mediaChecks];
const all = [...loadingChecks, ...wireByWire, ...streamChecks, ...stoppingChecks, ...failureChecks, ...resilienceChecks, ...costChecks, ...logChecks, ...tokenChecks, ...clientChecks, ...queueChecks, ...promptChecks, ...vaultChecks, ...cassetteChecks, ...storeChecks, ...cacheChecks, ...pageChecks];

/** The checks for a runtime: { page, stores, limitStores }. */
export const checksFor = (env) => all.filter(({ where }) => !where || where(env));
