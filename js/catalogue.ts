// The catalogue of models: a part of the package by itself, fetched when the first call is made and not before.

/** Its text. The modules of a runtime are loaded once: nothing is kept here, and a failure is tried again by the next call. */
export async function catalogue(): Promise<string> {
  const { default: text } = await import("modelwire:catalogue");
  isLoaded = true;
  return text;
}

/** Whether this was done: an import costs a call something each time, loaded or not. */
export let isLoaded = false;
