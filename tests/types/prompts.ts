// Templates know their variables where the compiler can. Compiled only.
import { chatTemplate, examplePrompts, promptTemplate, PromptLibrary, type Message, type TemplateVariables } from "modelwire";

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Check<T extends true> = T;

export type Found = [
  Check<Same<TemplateVariables<"Question: {question}">, "question">>,
  Check<Same<TemplateVariables<"{a} and {b} and {a}">, "a" | "b">>,
  Check<Same<TemplateVariables<"no variable at all">, never>>,
  Check<Same<TemplateVariables<"{{literal}} {real}">, "real">>,
  Check<Same<TemplateVariables<"{{{literal}}}">, never>>,
  Check<Same<TemplateVariables<'{"key": "value", "n": [1, {}]} {q}'>, "q">>,
  Check<Same<TemplateVariables<'{"k":{a}}'>, "a">>,
  Check<Same<TemplateVariables<"function f() { return 1; } {q}">, "q">>,
  Check<Same<TemplateVariables<"{config.setting} { spaced } {x | y}">, never>>,
  Check<Same<TemplateVariables<string>, string>>,
];

export function render(text: string, names: "a" | "b"): string[] {
  const question = promptTemplate("Question: {question}");
  const dynamic = promptTemplate(text);
  const declared = promptTemplate(text, { variables: ["a", "b"] });
  const variables: "question"[] = question.variables;
  // @ts-expect-error the question is missing
  question.render({});
  // @ts-expect-error `b` is missing
  declared.render({ a: 1 });
  // @ts-expect-error there is no such variable
  question.render({ question: 1, other: 2 });
  // @ts-expect-error a template is a text
  promptTemplate(5);
  // @ts-expect-error values are needed
  promptTemplate("{a}").render();
  // @ts-expect-error the examples know theirs, too
  promptTemplate(examplePrompts.fewShot).render({ task: "Translate" });
  return [question.render({ question: "Why?" }), dynamic.render({ anything: 1 }), declared.render({ a: 1, b: names }), promptTemplate("no variables").render({}), ...variables];
}

export async function library(file: File): Promise<Message[]> {
  const prompts = await new PromptLibrary().add("a", "{x}").add("b", { template: "{y}", variables: ["y"] }).load(file);
  await prompts.load(new URL("https://example.com/prompts.json"));
  await new PromptLibrary().load(prompts.toJSON());
  // @ts-expect-error a prompt has a template
  prompts.add("c", { variables: [] });
  // @ts-expect-error no such role
  chatTemplate([{ role: "tool", content: "x" }]);
  return chatTemplate([{ role: "system", content: prompts.render("a", { x: 1 }) }]).render({});
}
