// What comments and documents cite is there: sections of the protocol, rules and titles of exact-training, files, links.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commentsOf, libraryOf, missingIn, type Prose, proseOf } from "../support/citations.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && path !== "node_modules");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const documents = files.filter((path) => path.endsWith(".md") && path !== "docs/api.md");
const sources = files.filter((path) => /^(src|scripts)\/.*\.(ts|mjs|py)$/.test(path));
const library = libraryOf(files, new Map(documents.map((path) => [path, read(path)])));

const prose: readonly Prose[] = [
  ...documents.map((path) => ({ path, text: proseOf(read(path)) })),
  ...sources.map((path) => ({ path, text: commentsOf(read(path)) })),
];

describe("citations", () => {
  it("found what there is to cite", () => {
    expect(library.sections.size).toBe(11);
    expect(library.rules.size).toBe(6);
    expect(library.titles).toContain("Parameters live on a grid");
    expect(documents.length).toBeGreaterThan(30);
    expect(sources.length).toBeGreaterThan(200);
  });

  it.each(prose.map((one) => [one.path, one] as const))("of %s are there", (_path, one) => {
    expect(missingIn(one, library)).toEqual([]);
  });
});

describe("the cases of the threat model", () => {
  const text = read("docs/threat-model.md");
  const rows = text
    .slice(text.indexOf("\n## Cases tried\n"))
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.includes("`test/"))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  it.each(rows.map(([, what, file, test]) => [what, file, test]))(
    "%s: a test of that name is there",
    (_, file, test) => {
      const source = read((file as string).replaceAll("`", ""));
      expect(source.includes(`"${test}"`)).toBe(true);
    },
  );

  it("are found", () => expect(rows.length).toBeGreaterThan(12));
});

describe("the check", () => {
  const small = libraryOf(
    ["docs/protocol.md", "docs/exact-training.md", "src/chain/state/state.ts", "models/m/model.json", "docs/d/x.md"],
    new Map([
      ["docs/protocol.md", "# P\n\n## 1. A\n\n```\n## 9. no heading\n```\n\n## 2. B c, d\n"],
      ["docs/exact-training.md", "## The rules\n\n### 1. Sums\n\n## Where it runs\n"],
    ]),
  );
  const missing = (text: string, path = "src/chain/x.ts"): string[] =>
    missingIn({ path, text }, small).map((found) => found.slice(path.length + 2));

  it.each([
    ["protocol section 3"],
    ["protocol sections 1, 2 and 4"],
    ["sections 1 to 3"],
    ["Protocol section 9"],
    ["protocol 3"],
    ["exact-training rule 2"],
  ])("misses %s", (text) => expect(missing(`Some words (${text}).`)).toEqual([text.replace(/^protocol (?=s)/i, "")]));

  it.each([
    ['exact-training "Where it walks"', 'exact-training "Where it walks"'],
    ["see `chain/states.ts`", "chain/states.ts"],
    ["see state/else.ts", "state/else.ts"],
    ["in `src/nowhere`", "src/nowhere"],
    ["in `src/chain/nothing/`", "src/chain/nothing"],
    ["[a](../../docs/none.md)", "../../docs/none.md"],
    ["[a](../../docs/protocol.md#3-c)", "../../docs/protocol.md#3-c"],
    ["design rule 1", "rule 1"],
  ])("misses what is cited in %s", (text, what) => expect(missing(text)).toContain(what));

  it("knows a bare name only within its room", () => {
    expect(missing("state.ts holds it")).toEqual([]);
    expect(missing("state.ts holds it", "src/node/x.ts")).toEqual(["state.ts"]);
    expect(missing("chain/state/state.ts holds it", "src/node/x.ts")).toEqual([]);
    expect(missing("`state.ts` holds it", "docs/x.md")).toEqual(["state.ts"]);
  });

  it("finds what is there", () => {
    const text = `Protocol sections 1 and 2, protocol 1 to 2, exact-training rule 1, exact-training "Where it runs", model.json,
      [b](../../docs/protocol.md#2-b-c-d), [d](../../docs/d), [web](https://example.org), \`<dataDir>/x.json\`, \`*.ts\`, RFC 8439 section 7`;
    expect(missing(text)).toEqual([]);
  });

  it("reads comments and nothing else", () => {
    const source = 'const a = "section 9"; // section 8\n// section 1\n/** section 2\n * and 3 */\n# four\n';
    expect(commentsOf(source)).not.toMatch(/section [89]/);
    expect(commentsOf(source)).toMatch(/ section 1\n section 2\n and 3 \*\/\n four/);
  });
});
