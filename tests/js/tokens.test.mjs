// Tokenizers, against tiktoken's own build for npm, through everything: text, WebAssembly, tokens, text.
import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { loadTokenizer } from "modelwire";
import { get_encoding } from "tiktoken";

const parts = [
  " ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u0085", "\u2028", "\u3000", "'s", "'ſ", "'RE", "'ll", "'x", "’s", "the", "The", "THE", "iPhone", "HTTPServer", "ſ", "ǅ", "ʰ", "é",
  "e\u0301", "\u0301", "น้ำ", "我们", "の", "한국어", "العربية", "हिन्दी", "Привет", "𝒜", "Ⅷ", "½", "٣", "12", "6789", "...", "//", "\n/", "?!", "==", "🙂", "👩‍👩‍👧", "\ufe0f",
  "\u0000", "\ufffd", "\u{10ffff}", "<|endoftext|>", '{"a": 1}', "\ud83d", "\ude42", "\udc00\ud800",
];

// The same texts each time.
function texts(count) {
  let state = 7;
  const below = (end) => (state = (state * 48271) % 2147483647) % end;
  return Array.from({ length: count }, () => {
    let text = "";
    for (let left = 1 + below(12); left > 0; left--) text += below(5) > 0 ? parts[below(parts.length)].repeat(1 + below(3)) : String.fromCharCode(below(0x10000));
    return text;
  });
}

for (const name of ["o200k_base", "cl100k_base", "p50k_base"]) {
  test(`${name} gives tiktoken's tokens for 20,000 texts, lone surrogates among them`, async () => {
    const [own, oracle] = [await loadTokenizer(name), get_encoding(name)];
    assert.deepEqual([own.encoding, own.exact], [name, true]);
    for (const text of texts(20_000)) {
      const expected = oracle.encode_ordinary(text);
      assert.deepEqual(own.encode(text), expected, JSON.stringify(text));
      assert.equal(own.count(text), expected.length, JSON.stringify(text));
      assert.equal(own.decode(expected), text.toWellFormed?.() ?? new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text)));
    }
    oracle.free();
  });
}

describe("special tokens", () => {
  test("are text, unless they are allowed", async () => {
    for (const [name, id] of [["o200k_base", 199999], ["o200k_harmony", 199999], ["cl100k_base", 100257], ["p50k_base", 50256]]) {
      const tokenizer = await loadTokenizer(name);
      const text = "One<|endoftext|>two";
      assert.ok(!tokenizer.encode(text).includes(id), name);
      assert.equal(tokenizer.count(text), tokenizer.encode(text).length);
      for (const allowedSpecial of ["all", ["<|endoftext|>"]]) assert.equal(tokenizer.encode(text, { allowedSpecial }).filter((token) => token === id).length, 1);
      assert.equal(tokenizer.decode(tokenizer.encode(text, { allowedSpecial: "all" })), text);
    }
    const harmony = await loadTokenizer("openai/gpt-oss-120b");
    assert.deepEqual([...harmony.encode("<|start|>user<|message|>Hi<|end|>", { allowedSpecial: "all" })], [200006, 1428, 200008, 12194, 200007]);
  });
  test("that do not exist are refused by name", async () => {
    const tokenizer = await loadTokenizer("o200k_base");
    assert.throws(() => tokenizer.encode("a", { allowedSpecial: ["<|fim_prefix|>"] }), { code: "invalid-request", message: /allowedSpecial names "<\|fim_prefix\|>", which is no special token of o200k_base/ });
    assert.throws(() => tokenizer.encode("a", { allowedSpecial: "some" }), { code: "invalid-request" });
  });
});

test("a model's name says its encoding, and whether that is the model's own", async () => {
  const expected = {
    "openai/gpt-5.4": ["o200k_base", true],
    "ft:gpt-4o:acme::x": ["o200k_base", true],
    "openrouter/openai/gpt-oss-120b": ["o200k_harmony", true],
    "azure/gpt-35-turbo": ["cl100k_base", true],
    "gpt-4": ["cl100k_base", true],
    "text-embedding-3-small": ["cl100k_base", true],
    "text-davinci-003": ["p50k_base", true],
    "openai/gpt-6-luna": ["o200k_base", false],
    "anthropic/claude-sonnet-5": ["o200k_base", false],
    "gpt-4o-mini": ["o200k_base", true],
    "gpt-4omni": ["o200k_base", false],
    nonsense: ["o200k_base", false],
  };
  for (const [model, pair] of Object.entries(expected)) {
    const { encoding, exact } = await loadTokenizer(model);
    assert.deepEqual([encoding, exact], pair, model);
  }
});

test("fits counts, or gives up when it is too much", async () => {
  const tokenizer = await loadTokenizer("o200k_base");
  assert.equal(tokenizer.fits("a b c d", 4), 4);
  assert.equal(tokenizer.fits("a b c d", 3), false);
  assert.equal(tokenizer.fits("", 0), 0);
  assert.equal(tokenizer.fits("a", Infinity), 1);
});

test("truncate keeps a start or an end, and no half of a character", async () => {
  const tokenizer = await loadTokenizer("o200k_base");
  assert.equal(tokenizer.truncate("Hello, world! How are you?", 4), "Hello, world!");
  assert.equal(tokenizer.truncate("Hello, world! How are you?", 4, { keep: "end" }), " How are you?");
  assert.equal(tokenizer.truncate("short", 100), "short");
  assert.equal(tokenizer.truncate("anything", 0), "");
  for (const text of texts(2000)) {
    for (const keep of ["start", "end"]) {
      const cut = tokenizer.truncate(text, 5, { keep });
      assert.ok(keep === "start" ? text.startsWith(cut) : text.endsWith(cut));
      assert.ok(tokenizer.count(cut) <= 5, JSON.stringify(text));
      const [before, after] = keep === "start" ? [cut.at(-1), text[cut.length]] : [text[text.length - cut.length - 1], cut[0]];
      assert.ok(!(/[\ud800-\udbff]/.test(before ?? "") && /[\udc00-\udfff]/.test(after ?? "")), `a pair is parted: ${JSON.stringify(text)}`);
    }
  }
});

test("a counter is right after each piece, even between the halves of a character", async () => {
  const tokenizer = await loadTokenizer("o200k_base");
  for (const text of texts(500)) {
    const counter = tokenizer.counter();
    assert.equal(counter.count, 0);
    for (let end = 1; end <= text.length; end++) {
      assert.equal(counter.append(text[end - 1]), tokenizer.count(text.slice(0, end)), JSON.stringify(text.slice(0, end)));
    }
    assert.equal(counter.count, tokenizer.count(text));
  }
});

test("what is no text, no token and no number is refused by name", async () => {
  const tokenizer = await loadTokenizer("o200k_base");
  const refused = {
    "count: the text must be a string, not undefined": () => tokenizer.count(),
    "decode: tokens[1] is 300000, which is no token of o200k_base": () => tokenizer.decode([1, 300000]),
    "decode: tokens[0] is -1, which is no token of o200k_base": () => tokenizer.decode([-1]),
    "decode: tokens[0] is 1.5, which is no token of o200k_base": () => tokenizer.decode([1.5]),
    "fits: limit must be a whole number from 0 on, not -1": () => tokenizer.fits("a", -1),
    "truncate: maxTokens must be a whole number from 0 on, not NaN": () => tokenizer.truncate("a", NaN),
    'truncate: keep must be "start" or "end"': () => tokenizer.truncate("a", 1, { keep: "middle" }),
    "append: the text must be a string, not null": () => tokenizer.counter().append(null),
  };
  for (const [message, run] of Object.entries(refused)) assert.throws(run, { name: "LlmError", code: "invalid-request", message });
  for (const model of ["", undefined, 4]) await assert.rejects(loadTokenizer(model), { code: "invalid-request" });
});

test("a megabyte without end is counted at once", async () => {
  const tokenizer = await loadTokenizer("o200k_base");
  // A quadratic tokenizer takes minutes for each of these, and the suite's limit is reached.
  for (const unit of ["a", " ", "\n", "=", "🙂", "我", "7", "ab=", "\u0301"]) assert.ok(tokenizer.count(unit.repeat(1e6 / unit.length)) > 1000, unit);
});
