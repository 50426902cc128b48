// Plugins as files: a folder of modules that a test writes, and the example.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

export const RANKING = fileURLToPath(new URL("../../examples/plugins/ranking.mjs", import.meta.url));

let dir: string;

/** A folder for the file's tests, gone after them. */
export function pluginDir(): { readonly path: () => string } {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "pouw-plugins-"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return { path: () => dir };
}

/** Writes a module; its path. */
export function module(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}
