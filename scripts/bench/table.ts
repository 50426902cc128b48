// The Markdown table of the step rows, for the README: one line for each model and batch.
import { markdown } from "../support/sections.ts";
import { pairings } from "./pairings.ts";
import type { Figure, Row } from "./rows.ts";

const HEAD = ["a step of", "parameters", "batch", "ms", "MB", "/ float32", "/ PyTorch", "WASM / native"] as const;

/** Undefined when no step was measured. */
export function stepTable(rows: readonly Row[]): string | undefined {
  const find = (name: string): Figure | undefined =>
    rows.find((row): row is Figure => row.kind === "figure" && row.name === name);
  const lines = pairings().flatMap(({ model, batch }) => {
    const [plain, torch, wasm] = ["steps", "torch", "wasm"].map((group) => find(`${group}/${model}/${batch}`));
    const ours = plain ?? torch;
    if (ours === undefined) return [];
    const first = (what: string): string => String(ours.detail[what]).split(" / ")[0] as string;
    const ratio = (row: Figure | undefined): string => row?.value.median.toFixed(2) ?? "-";
    const count = Number(ours.detail["parameters"]).toLocaleString("en");
    const cells = [ratio(plain), ratio(torch), ratio(wasm)];
    return [[`\`${model}\``, count, String(batch), first("ms a step"), first("MB"), ...cells]];
  });
  return lines.length === 0 ? undefined : markdown(HEAD, lines);
}

/** What the ratios are to: libraries and versions, each once. */
export function stepLibraries(rows: readonly Row[]): readonly string[] {
  const named = rows.flatMap((row) => (row.kind === "figure" ? [row.detail["with"]] : []));
  return [...new Set(named.filter((name) => typeof name === "string"))];
}
