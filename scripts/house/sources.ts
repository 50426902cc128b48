// The sources as the law and the picture see them: every file under src, what it imports, and the circles among files.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));
export const SRC: string = join(ROOT, "src");

export interface SourceFile {
  /** Path below src, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file of TypeScript under src, by path. */
export function readSources(): readonly SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(SRC, path), "utf8") }));
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']|(?:^|\n)import\s+["']([^"']+)["']/g;

/** What a file names in imports and exports, types too, as it is written there. */
export const namesIn = (text: string): string[] =>
  [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3]) as string);

export const isInside = (name: string): boolean => name.startsWith(".");

/** The path below src that a relative import names. */
export const targetOf = (path: string, name: string): string => relative(SRC, join(SRC, dirname(path), name));

/** The paths below src that a file imports. */
export const importsOf = ({ path, text }: SourceFile): string[] =>
  namesIn(text)
    .filter(isInside)
    .map((name) => targetOf(path, name));

/** Groups of files of which each reaches each other by imports; none in a house in order. Tarjan's strongly connected components. */
export function circlesAmong(files: readonly SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, importsOf(file)]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (at: string): void => {
    index.set(at, index.size);
    low.set(at, index.get(at) as number);
    stack.push(at);
    for (const to of edges.get(at) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(at, Math.min(low.get(at) as number, low.get(to) as number));
    }
    if (low.get(at) !== index.get(at)) return;
    const circle = stack.splice(stack.indexOf(at));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const path of edges.keys()) if (!index.has(path)) visit(path);
  return circles;
}
