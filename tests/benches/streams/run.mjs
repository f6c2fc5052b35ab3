// One section in a process of its own: `node --expose-gc run.mjs <name> [argument…]` prints its rows as JSON.
const [, , name, ...rest] = process.argv;
const { section } = await import(`./${name}.mjs`);
const rows = await section(...rest);
process.stdout.write(`\n${JSON.stringify(rows)}\n`, () => process.exit());
