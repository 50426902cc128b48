// Documents with parts that scripts write: each between `<!-- mark -->` and `<!-- end -->`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Replaces the text of a part of `docs/<name>` (`../README.md` is one). Throws where the page has no such part. */
export function writeSection(name: string, mark: string, text: string): void {
  const file = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  const page = readFileSync(file, "utf8");
  const begin = `<!-- ${mark} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf("<!-- end -->", from);
  if (from < 0 || to < 0) throw new Error(`docs/${name} has no place for ${mark}`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}

/** A table whose columns are aligned, as the other pages' are. */
export function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...lines.map((line) => (line[i] as string).length)));
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] as number)).join(" | ")} |`;
  return [row(head), row(widths.map((width) => "-".repeat(width))), ...lines.map(row)].join("\n");
}
