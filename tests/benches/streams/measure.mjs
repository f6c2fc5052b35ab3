// Rounds in which all contenders take turns, in an order that changes, and what is told of them: the median of the ratios to "raw" of the same
// round. Alone, a figure of a busy machine says nothing; beside one that was measured in the same second it does.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : NaN;
}

/** Between two contenders. No collection is forced: V8 makes its young generation small behind one, and then whoever makes most objects pays three
 *  times for each, which no application does. */
export const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

/** By name: the median of `run()`'s figures, and of their ratios to the first one's. `before`: what is done before each turn, of which the first run is
 *  then not measured: it clears away what the contender before it has left. */
export async function rounds(runs, count, { warm = 2, before } = {}) {
  const names = Object.keys(runs);
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warm; round < count; round++) {
    const turn = ((round % names.length) + names.length) % names.length;
    for (const name of [...names.slice(turn), ...names.slice(0, turn)]) {
      if (before) {
        await before();
        if (round >= 0) await runs[name]();
      }
      const figure = await runs[name]();
      if (round >= 0) figures[name].push(figure);
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, { median: median(figures[name]), ratio: median(figures[name].map((figure, at) => figure / figures[names[0]][at])) }]),
  );
}
