// The import law of the house: a file imports from its own room or an earlier one, across rooms only through index.ts.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SRC = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");
const ORDER = [
  "polyfill.ts",
  "base",
  "codec",
  "crypto",
  "ml",
  "work",
  "chain",
  "consensus",
  "ports",
  "engine",
  "roles",
  "adapters",
  "node",
  "api",
  "app",
  "index.ts",
  "cli",
];
/** Outside packages and the only rooms that may name them. */
const OWNERS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(libp2p$|@libp2p\/|@multiformats\/|@chainsafe\/libp2p|datastore-level)/, ["adapters/libp2p"]],
  [/^onnxruntime-/, ["adapters/onnx"]],
  [/^(level|classic-level|memory-level|abstract-level)$/, ["adapters/level"]],
  [/^(pino|prom-client)$/, ["adapters/telemetry"]],
  [/^fastify/, ["api"]],
  [/^(commander|log-update)$/, ["cli"]],
  [/^@chainsafe\/(ssz|persistent-merkle-tree)/, ["codec", "chain"]],
  [/^@noble\//, ["crypto"]],
  [/^node:crypto$/, ["crypto", "adapters", "node"]],
  [/^zod$/, ["base", "roles", "node", "api", "cli", "chain"]],
];
const PURE = ["base", "codec", "crypto", "ml", "work", "chain", "consensus", "ports", "engine", "roles"];

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .sort();
const room = (file: string): string => file.split("/")[0] as string;
/** adapters/x counts as a room of its own for the rule that siblings never import each other. */
const subRoom = (file: string): string =>
  room(file) === "adapters" ? file.split("/").slice(0, 2).join("/") : room(file);

function importsOf(source: string): string[] {
  const found = source.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']|(?:^|\n)import\s+["']([^"']+)["']/g,
  );
  return [...found].map((match) => (match[1] ?? match[2] ?? match[3]) as string);
}

function violations(file: string, source: string): string[] {
  const bad: string[] = [];
  if (!ORDER.includes(room(file))) bad.push(`${file} lives in no known room`);
  for (const target of importsOf(source)) {
    if (!target.startsWith(".")) {
      const owner = OWNERS.find(([pattern]) => pattern.test(target));
      if (owner !== undefined && !owner[1].some((home) => file.startsWith(home))) bad.push(`${file} imports ${target}`);
      continue;
    }
    const to = relative(SRC, join(SRC, dirname(file), target));
    if (ORDER.indexOf(room(to)) > ORDER.indexOf(room(file))) bad.push(`${file} looks up to ${to}`);
    if (subRoom(to) !== subRoom(file)) {
      if (room(to) === "adapters" && room(file) === "adapters") bad.push(`${file} imports its sibling ${to}`);
      const door = to.endsWith("/index.ts") || to === "polyfill.ts" || to === "index.ts";
      if (!door) bad.push(`${file} enters ${to} past its index.ts`);
    }
  }
  if (PURE.includes(room(file)) && /\bDate\.now\b|\bMath\.random\b|\bprocess\.env\b|\bconsole\./.test(source))
    bad.push(`${file} uses clock, chance, environment or console`);
  return bad;
}

describe("the house", () => {
  it("found the sources", () => expect(files.length).toBeGreaterThan(10));

  it("catches what it forbids", () => {
    expect(violations("base/x.ts", 'import type { A } from "../chain/index.ts";')).toHaveLength(1);
    expect(violations("engine/x.ts", 'import { A } from "../chain/state.ts";')).toHaveLength(1);
    expect(violations("engine/x.ts", 'import { A } from "level";')).toHaveLength(1);
    expect(violations("adapters/level/x.ts", 'import { A } from "../onnx/index.ts";')).toHaveLength(1);
    expect(violations("work/x.ts", "const t = Date.now();")).toHaveLength(1);
    expect(violations("attic/x.ts", "")).toHaveLength(1);
  });

  it.each(files)("%s keeps the law", (file) => {
    expect(violations(file, readFileSync(join(SRC, file), "utf8"))).toEqual([]);
  });

  it("has no file over 300 lines", () => {
    const long = files.filter((file) => readFileSync(join(SRC, file), "utf8").split("\n").length > 301);
    expect(long).toEqual([]);
  });
});
