// Where the tokenizers' module and vocabularies come from. Each runtime has a file beside this one, which its entry names here;
// nothing is loaded before somebody counts.

/** Files of the package, as this runtime gets at them. */
export interface TokensSource {
  /** The compiled module, or its bytes. `again`: what came before was damaged. */
  module(again: boolean): Promise<WebAssembly.Module | BufferSource>;
  /** A vocabulary, still zipped or not. `again` likewise. */
  vocabulary(name: string, again: boolean): Promise<Uint8Array<ArrayBuffer>>;
  /** In workerd a promise of one request must not be waited for by another: there nothing that is under way is shared. */
  alone?: boolean;
  /** gunzip; the web's own when the runtime has no faster one. */
  unzip?(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** The vocabularies that there are. */
export const VOCABULARIES = ["o200k_base", "cl100k_base", "p50k_base"] as const;
export type Vocabulary = (typeof VOCABULARIES)[number];

/** Counts UTF-8 in an encoding, once its vocabulary is loaded; -1 until then. `countSlowly`: a long text, without keeping others waiting. */
export const counter: {
  count(encoding: string, text: Uint8Array): number;
  countSlowly(encoding: string, text: Uint8Array): Promise<number>;
} = { count: () => -1, countSlowly: async () => -1 };

let source: (() => Promise<TokensSource>) | undefined;

/** Called by the entries. */
export function useTokens(from: () => Promise<TokensSource>): void {
  source = from;
}

export function tokensSource(): Promise<TokensSource> | undefined {
  return source?.();
}
