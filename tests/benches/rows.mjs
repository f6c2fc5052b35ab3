// What is measured of tokenizers, in Node and in a page alike: speeds in MB/s of UTF-8, the median of seven rounds in which all take turns.

/** A row for each measurement: its name, and the speed of each contender. `texts`: `{ name, text }`. */
export function measure(loaded, texts) {
  const chats = sentences(texts[0].text, 100, 2000);
  const rows = [
    ...texts.flatMap(({ name, text }) => [
      { name: `count ${name}, MB/s`, speed: (it) => megabytes(text) / seconds(() => it.count(text)) },
      { name: `encode ${name}, MB/s`, speed: (it) => megabytes(text) / seconds(() => it.encode(text)) },
    ]),
    { name: "count 100 bytes of chat, MB/s", speed: (it) => chats.reduce((sum, chat) => sum + megabytes(chat), 0) / seconds(() => chats.forEach((chat) => it.count(chat))) },
  ];
  return rows.map(({ name, speed }) => {
    const rounds = Array.from({ length: 7 }, () => loaded.map(speed));
    return [name, ...loaded.map((_, at) => median(rounds.map((round) => round[at])))];
  });
}

export function megabytes(text) {
  return new TextEncoder().encode(text).length / 1e6;
}

export function seconds(run) {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

export function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function sentences(text, length, count) {
  return Array.from({ length: count }, (_, at) => text.slice((at * length) % (text.length - length)).slice(0, length));
}
