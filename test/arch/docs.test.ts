// What documents say must be so: every error code is in README and README names no other; every room has a short README.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/base/index.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

/** Whether neither the folder has a page nor the room's page names it. */
function undescribed(folder: string, pageOf: (folder: string) => string | undefined): boolean {
  if (pageOf(folder) !== undefined) return false;
  const room = dirname(folder);
  const page = room === "." ? undefined : pageOf(room);
  return page === undefined || !new RegExp(`(^|[^\\w/-])${folder.slice(room.length + 1)}/`, "m").test(page);
}

/** The first page whose number is not that of its place. */
const gaps = (pages: readonly string[]): string[] =>
  pages.filter((page, i) => Number(page.slice(0, 4)) !== i + 1).slice(0, 1);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Words that mean something on one machine only. */
const PRIVATE = [
  /(?<![\w@.-])shared\//g,
  /(?<![\w.])\/(?:work|root)\//g,
  /\b(?:registry\.(?:npmjs|yarnpkg)|npm\.pkg|[\w.-]*artifactory[\w-]*\.)[\w.-]+/g,
];
const privateWords = (text: string): string[] => PRIVATE.flatMap((word) => text.match(word) ?? []);

describe("README", () => {
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` *\| *(\d+) *\| *(.+?) *\|$/gm)];

  it("has every error code with its exit code and meaning, and no other", () => {
    const documented = rows.map(([, code, exit, meaning]) => [code, { exit: Number(exit), meaning }]);
    expect(Object.fromEntries(documented)).toEqual(ERROR_CODES);
  });

  it("names every command of the package that it tells people to run", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
    const told = [...readme.matchAll(/npm run ([a-z-]+)/g)].map(([, name]) => name);
    expect(told.length).toBeGreaterThan(3);
    for (const name of told) expect(Object.keys(scripts)).toContain(name);
  });

  it("explains every dependency", () => {
    const pack = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      dependencies: object;
      optionalDependencies: object;
    };
    const names = [...Object.keys(pack.dependencies), ...Object.keys(pack.optionalDependencies)];
    const short = (name: string): string => name.replace("@chainsafe/libp2p", "");
    expect(names.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`\`${short(name)}\``))).toEqual(
      [],
    );
  });
});

describe("rooms", () => {
  const src = join(ROOT, "src");
  const folders = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(src, join(entry.parentPath, entry.name)));
  const pageOf = (folder: string): string | undefined => {
    const path = join(src, folder, "README.md");
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };

  it("found them", () => expect(folders.length).toBeGreaterThan(40));

  it.each(folders)("%s has a README, or a place in that of its room", (folder) => {
    expect(undescribed(folder, pageOf)).toBe(false);
  });

  it.each(folders.filter((folder) => pageOf(folder) !== undefined))("%s keeps its README under 41 lines", (folder) => {
    expect(pageOf(folder)?.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  });

  it("misses a folder that nothing describes", () => {
    const page = (folder: string): string | undefined => (folder === "a" ? "`b/` holds things, x/c/ too" : undefined);
    expect(["a", "a/b", "a/c", "e", "a/b/f"].map((folder) => undescribed(folder, page))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });
});

describe("decisions", () => {
  const folder = join(ROOT, "docs", "decisions");
  const pages = readdirSync(folder)
    .filter((name) => name !== "README.md")
    .sort();
  const list = readFileSync(join(folder, "README.md"), "utf8");

  it("are numbered without a gap", () => {
    expect(pages.length).toBeGreaterThan(10);
    expect(gaps(pages)).toEqual([]);
    expect(gaps(["0001-a.md", "0003-b.md", "0003-c.md"])).toEqual(["0003-b.md"]);
  });

  it.each(pages)("lists %s under its title", (page) => {
    const [, title] = /^# \d{4}: (.+)$/m.exec(readFileSync(join(folder, page), "utf8")) ?? [];
    expect(title).toBeDefined();
    expect(list).toMatch(new RegExp(`\\[${page.slice(0, 4)}\\]\\(${page}\\) *\\| ${escaped(title ?? "")} *\\|`));
  });

  it("lists nothing else", () => {
    const listed = [...list.matchAll(/\]\((\d{4}[^)]*)\)/g)].map(([, page]) => page);
    expect(listed).toEqual(pages);
  });
});

describe("the repository", () => {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");
  const texts = files.filter((path) => path !== "" && path !== "package-lock.json" && !path.endsWith(".onnx"));

  it("found its files", () => expect(texts.length).toBeGreaterThan(300));

  it("names no place of the machine that it was written on, and no registry", () => {
    const found = texts.flatMap((path) => {
      const file = join(ROOT, path);
      return existsSync(file) ? privateWords(readFileSync(file, "utf8")).map((word) => `${path}: ${word}`) : [];
    });
    expect(found).toEqual([]);
  });

  it("would find them", () => {
    const slash = "/";
    const bad = [
      `see shared${slash}notes.md`,
      `cd ${slash}work${slash}main`,
      `"${slash}root${slash}x"`,
      "https://registry.npm" + "js.org/x",
      "npm.p" + "kg.github.com",
    ];
    for (const text of bad) expect(privateWords(text)).toHaveLength(1);
    for (const text of ["../work/index.ts", "@a/shared-lib", "src/work/", "a registry", "registry.contentType"])
      expect(privateWords(text)).toEqual([]);
  });
});

describe("package-lock.json", () => {
  interface Entry {
    readonly optionalDependencies?: { readonly [name: string]: string };
    readonly resolved?: string;
  }
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: { [path: string]: Entry };
  };

  it("has the optional packages of every platform, or `npm ci` refuses it (scripts/complete-lock.mjs adds them)", () => {
    const names = Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13));
    const wanted = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.length).toBeGreaterThan(20);
    expect(wanted.filter((name) => !names.includes(name))).toEqual([]);
  });

  it("names no registry", () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });
});
