// docs/settings.md is what the table of settings makes of it.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { settingsDocument } from "../../../scripts/settings-doc.ts";
import { setting } from "../../../src/base/index.ts";
import { envName, SETTINGS } from "../../../src/node/index.ts";

const page = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8");

it("is up to date (`npm run docs` writes it)", () => expect(page).toBe(settingsDocument(SETTINGS)));

it("names every key, flag, variable and alias", () => {
  for (const { key, flag, alias } of SETTINGS) {
    const line = page.split("\n").find((it) => it.startsWith(`| \`${key}\` `)) ?? "";
    expect(line).toContain(`\`${envName(key)}\``);
    if (flag !== undefined) expect(line).toMatch(new RegExp(`\`--${flag}[ \`]`));
    if (alias !== undefined) expect(line).toContain(`\`${envName(alias)}\``);
  }
});

it("changes with a row", () => {
  const row = setting({ key: "greeter.on", schema: z.boolean().default(true), flag: "greet", help: "greet a|b" });
  const more = settingsDocument([...SETTINGS, row]);
  expect(more).not.toBe(page);
  const cells = more
    .trimEnd()
    .split("\n")
    .at(-1)
    ?.split(/ +\| +| +\|$|^\| +/);
  expect(cells).toEqual(["", "`greeter.on`", "`--greet`", "`POUW_GREETER_ON`", "`true`", "greet a\\|b", ""]);
});
