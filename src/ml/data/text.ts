// Text as tokens: one byte per character out of a fixed alphabet of 96 symbols.
import { PouwError } from "../../base/index.ts";
import { type DataSet, dataSet, type SampleRange } from "./data-set.ts";

/** Token value -> symbol: newline, then the 95 printable ASCII characters. */
export const TEXT_VOCABULARY: string = `\n${Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("")}`;
/** Tokens that a window shows the model; the token after it is the last target. */
export const TEXT_CONTEXT = 64;

/** Typographic characters with a plain equivalent; whatever else is outside the alphabet is left out. */
const PLAIN: Readonly<{ [symbol: string]: string }> = {
  "\t": " ",
  "\u00a0": " ",
  "\u2018": "'",
  "\u2019": "'",
  "\u201c": '"',
  "\u201d": '"',
  "\u2013": "-",
  "\u2014": "--",
  "\u2026": "...",
};

/** Token values of `text`; characters outside the alphabet are replaced or left out. */
export function encodeText(text: string, allocate = (bytes: number): Uint8Array => new Uint8Array(bytes)): Uint8Array {
  const plain = text.replace(/[^\n\x20-\x7e]/gu, (symbol) => PLAIN[symbol] ?? "");
  const out = allocate(plain.length);
  for (let i = 0; i < out.length; i++) {
    const code = plain.charCodeAt(i);
    out[i] = code === 10 ? 0 : code - 31;
  }
  return out;
}

/** The text of token values; a value outside the alphabet shows as U+FFFD. */
export function decodeText(tokens: Uint8Array): string {
  let out = "";
  for (const token of tokens) out += TEXT_VOCABULARY[token] ?? "\ufffd";
  return out;
}

interface TextOptions {
  readonly name?: string;
  readonly evalStride?: number;
  /** Where the tokens live: shared memory, say. */
  readonly allocate?: (bytes: number) => Uint8Array;
}

/**
 * A data set of `tokens` uint8 [L]. A sample is the start of a window of TEXT_CONTEXT + 1 tokens; 90 % of the text is to
 * train, 5 % validation, 5 % test, and no window reaches into the next split. Throws BAD_DATA for a text too short to cut.
 */
export function textDataSet(
  text: string,
  { name = "text", evalStride = TEXT_CONTEXT, allocate }: TextOptions = {},
): DataSet {
  const tokens = encodeText(text, allocate);
  const length = tokens.length;
  const cut = (share: number): number => Math.floor((length * share) / 100);
  const windows = (from: number, to: number): SampleRange => [from, to - TEXT_CONTEXT];
  if (length - cut(95) <= TEXT_CONTEXT)
    throw new PouwError("BAD_DATA", `${name} has ${length} characters, too few to cut into splits`);
  return dataSet({
    name,
    tensors: [{ name: "tokens", dtype: "uint8", shape: [length], data: tokens }],
    splits: {
      train: windows(0, cut(90)),
      validation: windows(cut(90), cut(95)),
      test: windows(cut(95), length),
    },
    evalStride,
    vocabulary: TEXT_VOCABULARY,
  });
}
