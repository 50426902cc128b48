// CONTRIBUTING.md's worked examples are real: applied to a copy of the sources they compile, do their work, and touch no more files than they say.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOf } from "../../scripts/house/law.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

interface Change {
  readonly file: string;
  readonly kind: "new" | "edit";
  readonly text: string;
}

/** Section title -> its changes, in order. */
function examplesOf(page: string): Map<string, Change[]> {
  const examples = new Map<string, Change[]>();
  for (const section of page.split(/^### /m).slice(1)) {
    const title = section.split("\n", 1)[0] as string;
    const blocks = [...section.matchAll(/^```(ts|diff) file=(\S+)\n([\s\S]*?)^```$/gm)];
    examples.set(
      title,
      blocks.map(([, kind, file, text]) => ({
        file: file as string,
        kind: kind === "ts" ? "new" : "edit",
        text: text as string,
      })),
    );
  }
  return examples;
}

/** A source text with a diff applied: lines with a space must stand there as they are, those with `-` go, those with `+` come. */
function patched(source: string, diff: string, where: string): string {
  const lines = diff.trimEnd().split("\n");
  const take = (signs: string): string =>
    lines
      .filter((line) => line === "" || signs.includes(line[0] as string))
      .map((line) => line.slice(1))
      .join("\n");
  const before = take(" -");
  if (source.split(before).length !== 2) throw new Error(`${where} does not hold once:\n${before}`);
  return source.replace(before, () => take(" +"));
}

const page = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
const examples = examplesOf(page);
let copy = "";

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "pouw-newcomer-"));
  cpSync(join(ROOT, "src"), join(copy, "src"), { recursive: true });
  for (const name of ["models", "node_modules"]) symlinkSync(join(ROOT, name), join(copy, name));
  for (const name of ["package.json", "tsconfig.json"]) cpSync(join(ROOT, name), join(copy, name));
  writeFileSync(
    join(copy, "tsconfig.json"),
    readFileSync(join(ROOT, "tsconfig.json"), "utf8").replace('["src", "test", "scripts/**/*.ts"]', '["src"]'),
  );
  for (const { file, kind, text } of [...examples.values()].flat()) {
    const path = join(copy, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, kind === "new" ? text : patched(readFileSync(path, "utf8"), text, file));
  }
  cpSync(join(ROOT, "test", "fixtures", "newcomer", "try.ts"), join(copy, "try.ts"));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const run = (program: string, ...args: string[]): void => {
  const bin = createRequire(import.meta.url).resolve(`${program}/package.json`);
  const { bin: names } = JSON.parse(readFileSync(bin, "utf8")) as { bin: string | { [name: string]: string } };
  const entry = typeof names === "string" ? names : (names[program === "typescript" ? "tsc" : program] as string);
  try {
    execFileSync(process.execPath, [join(dirname(bin), entry), ...args], {
      cwd: copy,
      stdio: "pipe",
      encoding: "utf8",
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} failed:\n${stdout}${stderr}`);
  }
};

describe("what a newcomer must touch", () => {
  it("finds the examples", () => {
    expect([...examples.values()].flat().length).toBeGreaterThan(15);
  });

  it.each([...examples])("%s: as many files as it says", (title, changes) => {
    const files = new Set(changes.map(({ file }) => file));
    expect(`${files.size} file`).toBe(/(\d+ file)/.exec(title)?.[1]);
  });

  it.each([
    ["A gossip message", 3],
    ["A kind of transaction", 2],
    ["A role", 2],
    ["A setting", 1],
    ["An API resource", 2],
  ])("%s: at most %i", (name, most) => {
    const [, changes] = [...examples].find(([title]) => title.startsWith(name)) ?? [];
    expect(new Set(changes?.map(({ file }) => file)).size).toBeGreaterThan(0);
    expect(new Set(changes?.map(({ file }) => file)).size).toBeLessThanOrEqual(most);
  });

  it("refuses an example that no longer fits (control)", () => {
    expect(() => patched("a\nb\n", " c\n+d\n", "x")).toThrow(/does not hold/);
    expect(patched("a\nb\n", " a\n+d\n", "x")).toBe("a\nd\nb\n");
  });

  it("keeps the law of the house in each new file", () => {
    const sources = [...examples.values()].flat().filter(({ file }) => file.startsWith("src/"));
    const texts = sources.map(({ file }) => ({ path: file.slice(4), text: readFileSync(join(copy, file), "utf8") }));
    expect(texts.flatMap(faultsOf)).toEqual([]);
  });

  it("compiles with all of them", () => run("typescript", "-p", "tsconfig.json", "--noEmit"), 120_000);
  it("and each does its work", () => run("tsx", "try.ts"), 120_000);
});
