// Prompt templates: what is a variable, what is text, and what values become.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test, { describe } from "node:test";
import { build } from "esbuild";
import fc from "fast-check";
import { chatTemplate, examplePrompts, isLlmError, PromptLibrary, promptTemplate } from "modelwire";

/** The LlmError with code "template" that something must throw. */
function refusal(run, says, code = "template") {
  try {
    run();
  } catch (error) {
    assert.ok(isLlmError(error, code), String(error));
    assert.match(error.message, says);
    return error;
  }
  assert.fail("it did not throw");
}

const refused = (promise, says, code) => promise.then(() => assert.fail("it did not reject"), (error) => refusal(() => { throw error; }, says, code));

/** What a template's warnings are, with the console put back. */
function warningsOf(run) {
  const warnings = [];
  const { warn } = console;
  console.warn = (text) => warnings.push(text);
  try {
    run();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

describe("braces", () => {
  // [template, values, rendered]
  const cases = [
    ["Question: {question}", { question: "Why?" }, "Question: Why?"],
    ["{a}{b}{a}", { a: 1, b: 2 }, "121"],
    ["{{name}}", {}, "{name}"],
    ["{{{name}}}", {}, "{{name}}"],
    ["{{{{name}}}} {{name}} {name}", { name: "N" }, "{{{name}}} {name} N"],
    ['{"k":{a}}', { a: 1 }, '{"k":1}'],
    ['{"k":{{a}}}', {}, '{"k":{a}}'],
    ["{{a}", { a: 1 }, "{1"],
    ["{a}}", { a: 1 }, "1}"],
    ["{{{a}}", {}, "{{a}"],
    ["{ } {} {{}} }{ }} {{ { name } {{ name }} {a.b} {0} {a-b} {a b} {a:.2f} {a!r}", {}, "{ } {} {{}} }{ }} {{ { name } {{ name }} {a.b} {0} {a-b} {a b} {a:.2f} {a!r}"],
    ["{größe} {имя} {変数} {_x1}", { größe: 1, имя: 2, 変数: 3, _x1: 4 }, "1 2 3 4"],
    ["{a{b}c}", { b: 1 }, "{a1c}"],
    ["${price} costs {price}$", { price: 5 }, "$5 costs 5$"],
    ["", {}, ""],
  ];
  for (const [template, values, rendered] of cases) {
    test(`${JSON.stringify(template)} is ${JSON.stringify(rendered)}`, () => {
      const prompt = promptTemplate(template);
      assert.deepEqual([...prompt.variables].sort(), Object.keys(values).sort());
      assert.equal(prompt.render(values), rendered);
    });
  }

  test("a long run of them is read once", () => {
    const start = process.cpuUsage().user;
    for (const text of ["{".repeat(1e6), "{a".repeat(5e5), "}".repeat(1e6), `${"{".repeat(5e5)}a${"}".repeat(4e5)}`]) promptTemplate(text).render({ a: "" });
    // Quadratic, it would be hours.
    assert.ok(process.cpuUsage().user - start < 20e6);
  });
});

// Each of them was somebody's prompt that another library could not take.
describe("prompts of others' bug reports", () => {
  const json = '{ "cars": ["Prius", "Jeep"]}';
  const nested = '{\n"book": "Jasmine Green Tea/Milk Tea",\n"author": {\n       "name": "Alex",\n       "gender": "female"\n}}';
  const code = "interface PromptInputProps {\n  editing?: boolean;\n  onEditingChange?: (editing: boolean) => void;\n  id: string;\n}";
  const documentation = 'JSON like {"key": "value"}\n{config.setting} = "production"\n{x | x ∈ ℝ}';
  const latex = "\\frac{1}{2} \\begin{equation*} x^{2n} \\end{equation*}";
  const cases = [
    ["langchainjs#2584: JSON beside variables", `The output should be ${json}\n{format_instructions}\n{input}`, { format_instructions: "F", input: "I" }, `The output should be ${json}\nF\nI`],
    ["langchainjs#5308: a single } (\"Single '}' in template\")", "An answer ends with }. {question}", { question: '"a } in it"' }, 'An answer ends with }. "a } in it"'],
    ["langchainjs#2128: JSON needs no escaping", `Answer in this form: {"answer": "...", "sources": []} {question}`, { question: "Q" }, `Answer in this form: {"answer": "...", "sources": []} Q`],
    ["langchainjs#513: { and } in a prompt", 'Use { foo: \'bar\' } or {{ foo: "bar" }}. {input}', { input: "x" }, 'Use { foo: \'bar\' } or {{ foo: "bar" }}. x'],
    ["langchainjs#1082: code over several lines", `${code}\n{task}`, { task: "Explain" }, `${code}\nExplain`],
    ["langchain#1660: JSON that ends in two braces", `${nested} {q}`, { q: 1 }, `${nested} 1`],
    ["langchain#32702: documentation as a system message", `${documentation} {q}`, { q: 1 }, `${documentation} 1`],
    ["langchain#700: a name that is not declared", "A good name for a {Fancy} company that makes {product}?", { product: "socks" }, "A good name for a {Fancy} company that makes socks?", ["product"]],
    ["langchain#13055: braces in a value", "{document}", { document: "{w14 w15} {DP}{AD}{S::} {document} {{x}}" }, "{w14 w15} {DP}{AD}{S::} {document} {{x}}"],
    ["Flowise#968: an object pasted into a prompt", '{"foo":"bar"} {q}', { q: 1 }, '{"foo":"bar"} 1'],
    ["Flowise#1784: LaTeX", `${latex} \\mathbf{x} {q}`, { q: 1 }, `${latex} \\mathbf{x} 1`, ["q"]],
    ["langfuse#14721: empty braces", "can be empty {} or { } {q}", { q: 1 }, "can be empty {} or { } 1"],
    ["LlamaIndexTS#1920: an import in code", "import { React } from react;\n{context}", { context: "hello" }, "import { React } from react;\nhello"],
    ["rasa#3950: a variable in an object of JSON", '{"variable":"{value}"}', { value: "v" }, '{"variable":"v"}'],
    ["apicurio-registry#9513: three braces are not half a variable", "Value is {{{foo}}}.", {}, "Value is {{foo}}."],
  ];
  for (const [name, template, values, rendered, variables] of cases) {
    test(name, () => {
      assert.equal(promptTemplate(template, variables && { variables }).render(values), rendered);
      if (!variables) assert.equal(chatTemplate([{ role: "system", content: template }]).render(values)[0].content, rendered);
      // And what was rendered is no template when it is a value.
      assert.equal(chatTemplate([{ role: "user", content: "{all}" }]).render({ all: rendered })[0].content, rendered);
    });
  }

  test("mockforge#758: a value is not read again by the next variable", () => {
    assert.equal(promptTemplate("{note} {secret}").render({ note: "{secret} {{secret}} ${secret}", secret: "S" }), "{secret} {{secret}} ${secret} S");
  });
});

describe("whatever the text", () => {
  const texts = fc.array(fc.oneof(fc.constantFrom("{", "}", "{{", "}}", "{a}", "{{a}}", "{{{b}}", "$&", "$1", "\\", '"', "\n", " ", "a", "b1", "{ a }", "{}", "${a}", "<%= a %>"), fc.string({ unit: "grapheme" })), { maxLength: 30 }).map((parts) => parts.join(""));
  /** A pair more around each name. */
  const escaped = (text) => text.replace(/(\{+)([\p{L}_][\p{L}\p{M}\p{Nd}_]*)(\}+)/gu, "{$1$2$3}");

  test("a literal comes back, whatever braces are in it", () => {
    fc.assert(fc.property(texts, (text) => {
      const prompt = promptTemplate(escaped(text));
      assert.deepEqual(prompt.variables, []);
      assert.equal(prompt.render({}), text);
    }), { numRuns: 3000 });
  });

  test("a value comes out as it went in, once for each of its places, and nothing in it is executed or read again", () => {
    fc.assert(fc.property(texts, texts, texts, fc.integer({ min: 1, max: 3 }), (value, before, other, times) => {
      const template = `${escaped(before)} ${"{value} ".repeat(times)}{other}`;
      assert.equal(promptTemplate(template).render({ value, other }), `${before} ${`${value} `.repeat(times)}${other}`);
    }), { numRuns: 3000 });
  });

  test("all that is not a variable is text, when the variables are declared", () => {
    fc.assert(fc.property(texts, texts, (text, value) => {
      const prompt = promptTemplate(`${text}|{only_this}`, { variables: ["only_this"] });
      assert.deepEqual(prompt.variables, ["only_this"]);
      assert.ok(prompt.render({ only_this: value }).endsWith(`|${value}`));
    }), { numRuns: 1000 });
  });

  test("what a library exports, another one loads", async () => {
    await fc.assert(fc.asyncProperty(fc.dictionary(fc.string(), texts), async (prompts) => {
      const first = await new PromptLibrary().load(prompts);
      const second = await new PromptLibrary().load(JSON.parse(JSON.stringify(first)));
      assert.deepEqual(second.names().sort(), Object.keys(prompts).sort());
      for (const name of first.names()) {
        const values = Object.fromEntries(first.get(name).variables.map((variable) => [variable, `<${variable}>`]));
        assert.deepEqual(second.get(name).variables, first.get(name).variables);
        assert.equal(second.render(name, values), first.render(name, values));
      }
    }), { numRuns: 300 });
  });
});

describe("values", () => {
  const rendered = (value) => promptTemplate("{value}").render({ value });
  // [value, text]
  const cases = [
    ["text", "text"], ["", ""], [0, "0"], [-1.5, "-1.5"], [10n ** 20n, "100000000000000000000"], [true, "true"], [null, "null"], [NaN, "NaN"],
    [new Date(0), "1970-01-01T00:00:00.000Z"], [new URL("https://example.com/?q=1"), "https://example.com/?q=1"],
    [["one", "two\nlines", 3, null], "one\ntwo\nlines\n3\nnull"], [[], ""], [{ a: "ü", b: [1, { c: null }], d: 5n }, '{"a":"ü","b":[1,{"c":null}],"d":"5"}'],
    [[{ q: "Q", a: 1 }, ["x", "y"]], '{"q":"Q","a":1}\n["x","y"]'], [Object.create(null), "{}"],
  ];
  for (const [value, text] of cases) test(`${JSON.stringify(text)} is how ${typeof value === "object" && value ? (value.constructor?.name ?? "a bare object") : typeof value} is written`, () => assert.equal(rendered(value), text));

  const circular = {};
  circular.self = circular;
  const others = { "a function": () => {}, "a symbol": Symbol("x"), "a promise": Promise.resolve("late"), bytes: new Uint8Array(3), "a map": new Map(), "a blob": new Blob([]), "a circle": circular, "an invalid date": { at: new Map() } };
  for (const [name, value] of Object.entries(others)) {
    test(`${name} has no text, alone and inside of others`, () => {
      refusal(() => rendered(value), /the value of "value" in the prompt template cannot be written as text/);
      refusal(() => rendered([1, { deep: value }]), /the value of "value"/);
    });
  }

  test("all that are missing are named at once; undefined is none, and null is one", () => {
    const { message } = refusal(() => promptTemplate("{a}{b}{c}{d}").render({ b: 1, c: undefined }), /./);
    assert.equal(message, 'the prompt template lacks values for "a", "c", "d"');
    assert.equal(promptTemplate("{a}").render({ a: null }), "null");
    refusal(() => promptTemplate("{a}").render(undefined), /lacks a value for "a"/);
    refusal(() => promptTemplate("{a}").render("text"), /must be an object/);
  });

  test("what every object inherits is no value, and what its class gives is one", () => {
    refusal(() => promptTemplate("{constructor} {toString} {__proto__}").render({}), /"constructor", "toString", "__proto__"/);
    class Row {
      get name() {
        return "N";
      }
    }
    assert.equal(promptTemplate("{name}").render(new Row()), "N");
  });

  test("those without a place are warned about, once each", () => {
    const prompt = promptTemplate("{question}");
    const warnings = warningsOf(() => {
      for (let count = 0; count < 3; count++) prompt.render({ question: 1, qestion: 2, extra: 3 });
      prompt.render({ question: 1, another: 4 });
    });
    assert.deepEqual(warnings, [
      'modelwire: the prompt template has no place for "qestion", "extra" (its variables: question)',
      'modelwire: the prompt template has no place for "another" (its variables: question)',
    ]);
  });
});

test("the variables that are declared must be there", () => {
  refusal(() => promptTemplate("{a}", { variables: ["a", "b", "c"] }), /has no "b", "c", which its variables name/);
  refusal(() => promptTemplate("{a}", { variables: "a" }), /must be a list of names/);
  refusal(() => promptTemplate(5), /must be a text/);
});

test("a conversation is rendered with its values together", () => {
  const chat = chatTemplate([{ role: "system", content: "You are {who}." }, { role: "user", content: "{question} ({who})" }, { role: "assistant", content: '{"ok":true}' }]);
  assert.deepEqual(chat.variables, ["who", "question"]);
  assert.deepEqual(chat.render({ who: "a {question} poet", question: "Why?" }), [
    { role: "system", content: "You are a {question} poet." },
    { role: "user", content: "Why? (a {question} poet)" },
    { role: "assistant", content: '{"ok":true}' },
  ]);
  refusal(() => chat.render({}), /the chat template lacks values for "who", "question"/);
  refusal(() => chatTemplate([{ role: "robot", content: "" }]), /messages\[0\]\.role/);
  refusal(() => chatTemplate([{ role: "user" }]), /messages\[0\]\.content must be a text/);
});

test("the examples are there to be used", () => {
  assert.match(promptTemplate(examplePrompts.simpleQuestion).render({ question: "Why?" }), /Question: Why\?\nAnswer:$/);
  assert.match(promptTemplate(examplePrompts.stepByStep).render({ problem: "2 + 2" }), /step by step[^]*2 \+ 2$/);
  const examples = ["Input: sea\nOutput: mer", "Input: sky\nOutput: ciel"];
  assert.equal(promptTemplate(examplePrompts.fewShot).render({ task: "Translate.", examples, input: "sun" }), "Translate.\n\nExamples:\nInput: sea\nOutput: mer\nInput: sky\nOutput: ciel\n\nInput: sun\nOutput:");
});

describe("a library", () => {
  test("keeps prompts by name, and the later one of a name", () => {
    const library = new PromptLibrary().add("a", "{x}").add("b", { template: "{y} {z}", variables: ["y"] }).add("a", "now {x}");
    assert.deepEqual([library.names(), library.has("b"), library.has("c")], [["a", "b"], true, false]);
    assert.deepEqual([library.render("a", { x: 1 }), library.render("b", { y: 1 })], ["now 1", "1 {z}"]);
    assert.deepEqual(library.toJSON(), { a: { template: "now {x}", variables: ["x"], version: 1 }, b: { template: "{y} {z}", variables: ["y"], version: 1 } });
    refusal(() => library.get("c"), /there is no prompt "c" \(there are: a, b\)/);
    refusal(() => library.render("a", {}), /the prompt "a" lacks a value for "x"/);
    refusal(() => library.add("c", 5), /the prompt "c" must be a text/);
  });

  test("loads objects, files, responses and addresses", async () => {
    const prompts = { hello: "Hello {name}", bye: { template: "Bye {name}", variables: ["name"] } };
    const text = JSON.stringify(prompts);
    const data = `data:application/json,${encodeURIComponent(text)}`;
    for (const source of [prompts, new Blob([text]), new File([`\ufeff${text}`], "p.json"), new Response(text), data, new URL(data)]) {
      const library = await new PromptLibrary().load(source);
      assert.equal(library.render("bye", { name: "Ada" }), "Bye Ada");
    }
  });

  // [what, text, the message]
  const wrong = [
    ["a comma too many", '{\n  "a": "x",\n}', 'p.json:3:1: not JSON: unexpected "}"'],
    ["a string that is not closed", '{"a": "x\n"}', 'p.json:1:9: not JSON: unexpected "\\n"'],
    ["an end that comes too early", '{"a": ["x"', "p.json:1:11: not JSON: it ends too early"],
    ["an empty file", "", "p.json:1:1: not JSON: it ends too early"],
    ["something after the end", '{"a":"x"} 🌍', 'p.json:1:11: not JSON: unexpected "🌍"'],
    ["a wrong escape", '{"a":"\\x"}', 'p.json:1:7: not JSON: unexpected "\\\\"'],
    ["a name without quotes", "{\n\ta: 1}", 'p.json:2:2: not JSON: unexpected "a"'],
    ["a bracket of the wrong kind", '{"a":[1}', 'p.json:1:8: not JSON: unexpected "}"'],
    ["a list", "[]", "p.json: must be an object of names and prompts"],
    ["a prompt that is a number", '{"a":"x","b":5}', 'p.json: the prompt "b" must be a text or have one as its template'],
    ["a misspelt member", '{"b":{"template":"x","variabels":[]}}', 'p.json: the prompt "b" has a "variabels", which means nothing here'],
    ["a variable that is not there", '{"b":{"template":"{x}","variables":["x","y"]}}', 'p.json: the prompt "b" has no "y", which its variables name'],
    ["a later version", '{"b":{"template":"x","version":2}}', 'p.json: the prompt "b" is of version 2, which this version of modelwire does not know'],
  ];
  for (const [what, text, message] of wrong) {
    test(`says the file and the place of ${what}, and adds nothing`, async () => {
      const library = new PromptLibrary();
      const error = await refused(library.load(new File([text], "p.json")), /./);
      assert.equal(error.message, message);
      assert.deepEqual(library.names(), []);
    });
  }

  test("finds the place where engines find it", () => {
    return fc.assert(fc.asyncProperty(fc.json(), fc.nat(), fc.constantFrom("", "}", ",", "x", '"', "1 1", "\u0000"), async (json, at, put) => {
      const text = json.slice(0, at % (json.length + 1)) + put + json.slice((at % (json.length + 1)) + 1);
      let said;
      try {
        JSON.parse(text);
        return;
      } catch (error) {
        said = /position (\d+)/.exec(error.message)?.[1] ?? (/end of JSON/.test(error.message) ? text.length : undefined);
      }
      const error = await refused(new PromptLibrary().load(new File([text], "p")), /^p:\d+:\d+: not JSON/);
      const [, line, column] = /^p:(\d+):(\d+)/.exec(error.message).map(Number);
      const found = text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1;
      // Of a broken number or word they name the character in it, and we its beginning.
      if (said !== undefined) assert.ok(found <= Number(said) && Number(said) - found < 30, `${text}: ${found}, they say ${said}`);
    }));
  });

  test("says what keeps an address from being loaded, without what is secret in it", async (t) => {
    const server = createServer(({ url }, response) => {
      if (url.startsWith("/moved")) return response.writeHead(302, { location: "/prompts.json" }).end();
      if (url.startsWith("/latin")) return response.end(Buffer.from([0x7b, 0xfc, 0x7d]));
      if (url.startsWith("/broken")) return response.writeHead(200, { "content-length": 50 }).write("{", () => response.destroy());
      if (url.startsWith("/prompts")) return response.end('{"a":"{x}"}');
      response.writeHead(url.startsWith("/failing") ? 500 : 404).end();
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => (server.closeAllConnections(), server.close()));
    const origin = `http://127.0.0.1:${server.address().port}`;
    const load = (path) => new PromptLibrary().load(`${origin}${path}?token=secret-canary#secret-canary`);
    assert.equal((await load("/prompts.json")).render("a", { x: 1 }), "1");
    const errors = [
      await refused(load("/moved"), /\/moved is a redirect, which is not followed/, "config"),
      await refused(load("/nowhere"), /\/nowhere could not be loaded: status 404/, "not-found"),
      await refused(load("/failing"), /status 500/, "network"),
      await refused(load("/latin"), /\/latin is not UTF-8/),
      await refused(load("/broken"), /\/broken could not be read/, "network"),
      await refused(new PromptLibrary().load("http://user:secret-canary@127.0.0.1:1/p"), /could not be loaded/, "network"),
      await refused(new PromptLibrary().load("no address"), /no address could not be loaded/, "network"),
    ];
    for (const error of errors) assert.ok(!`${error.message}${JSON.stringify(error)}`.includes("secret-canary"), error.message);
  });
});

test("who imports only createClient pays for none of it", async () => {
  const bundle = async (contents) => {
    const options = { bundle: true, format: "esm", splitting: true, outdir: "/", conditions: ["browser"], write: false, minify: true, metafile: true };
    const { outputFiles, metafile } = await build({ ...options, stdin: { contents, resolveDir: import.meta.dirname } });
    const [main] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === "<stdin>");
    return outputFiles.find(({ path }) => path.endsWith(main.split("/").at(-1))).text;
  };
  const marks = /has no place for|Solve the problem/;
  assert.doesNotMatch(await bundle('import { createClient } from "modelwire"; createClient({ providers: {} });'), marks);
  assert.match(await bundle('import { promptTemplate } from "modelwire"; promptTemplate("{a}").render({ a: 1 });'), marks);
});
