// The house in figures: the longest file, function and parameter list, imports that go up, circles. Functions are counted by
// Biome, with the rules that hold them to their limits and the limits set low.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importFaults } from "./law.ts";
import { circlesAmong, importsOf, ROOT, type SourceFile } from "./sources.ts";

export interface Longest {
  readonly size: number;
  readonly where: string;
}

export interface Measures {
  readonly file: Longest;
  readonly function: Longest;
  readonly parameters: Longest;
  /** Imports that the law refuses. */
  readonly faults: number;
  /** Groups of more than one file that import each other round in a circle. */
  readonly circles: number;
}

interface Diagnostic {
  readonly category: string;
  readonly message: string;
  readonly location: { readonly path: string; readonly start: { readonly line: number; readonly column: number } };
}

const LOW = { lines: 20, parameters: 2 };
const LINES = "noExcessiveLinesPerFunction";
const PARAMETERS = "useMaxParams";

/** Every function above low limits, as Biome sees it. */
function longFunctions(): readonly Diagnostic[] {
  const folder = mkdtempSync(join(tmpdir(), "pouw-house-"));
  try {
    const rule = (options: object) => ({ level: "error", options });
    const complexity = { [LINES]: rule({ maxLines: LOW.lines }), [PARAMETERS]: rule({ max: LOW.parameters }) };
    const config = { linter: { rules: { recommended: false, complexity } } };
    writeFileSync(join(folder, "biome.json"), JSON.stringify(config));
    return lint(folder).filter(({ category }) => category.endsWith(LINES) || category.endsWith(PARAMETERS));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Biome ends with 1 when it finds something, which here it should. */
function lint(config: string): readonly Diagnostic[] {
  const biome = join(ROOT, "node_modules", ".bin", "biome");
  const wish = ["lint", `--config-path=${config}`, "--max-diagnostics=none", "--reporter=json", "src"];
  try {
    execFileSync(biome, wish, { cwd: ROOT, stdio: "pipe", maxBuffer: 1 << 28 });
  } catch (error) {
    const { stdout } = error as { readonly stdout?: Buffer };
    if (stdout === undefined) throw error;
    return (JSON.parse(stdout.toString()) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics;
  }
  throw new Error("Biome found no function above 20 lines: it did not read the sources");
}

/** `name in path`; the name is the last word before the place, or the first that a line declares. */
function whereOf({ location: { path, start } }: Diagnostic, files: readonly SourceFile[]): string {
  const text = files.find((file) => `src/${file.path}` === path)?.text.split("\n")[start.line - 1] ?? "";
  const before = /([\w#]+)\W*$/.exec(text.slice(0, start.column - 1))?.[1];
  const declared = /(?:function|const|static|async)\s+(?:async\s+)?([\w#]+)/.exec(text)?.[1];
  const name = declared ?? (before === "async" ? undefined : before) ?? /[\w#]+/.exec(text)?.[0];
  return `\`${name}\` in \`${path}\``;
}

function longest(rule: string, all: readonly Diagnostic[], files: readonly SourceFile[]): Longest {
  const sizes = all
    .filter(({ category }) => category.endsWith(rule))
    .map((one) => ({ one, size: Number(/\d+/.exec(one.message)?.[0]) }));
  const size = Math.max(...sizes.map((it) => it.size));
  const [where = ""] = sizes
    .filter((it) => it.size === size)
    .map(({ one }) => whereOf(one, files))
    .sort();
  return { size, where };
}

export function measure(files: readonly SourceFile[]): Measures {
  const functions = longFunctions();
  const lengths = files.map(({ path, text }) => ({
    size: text.trimEnd().split("\n").length,
    where: `\`src/${path}\``,
  }));
  return {
    file: lengths.reduce((a, b) => (b.size > a.size ? b : a)),
    function: longest(LINES, functions, files),
    parameters: longest(PARAMETERS, functions, files),
    faults: files.flatMap((file) => importsOf(file).flatMap((to) => importFaults(file.path, to))).length,
    circles: circlesAmong(files).length,
  };
}
