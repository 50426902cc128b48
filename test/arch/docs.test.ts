// What documents say must be so: every error code is in README and README names no other; every room has a short README.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/base/index.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

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
  const rooms = readdirSync(src, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "adapters")
    .map(({ name }) => name)
    .concat(readdirSync(join(src, "adapters")).map((name) => `adapters/${name}`));

  it.each(rooms)("%s has a README of at most 40 lines", (room) => {
    const path = join(src, room, "README.md");
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(40);
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
