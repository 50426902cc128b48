// The key file: made once for its owner alone, read back, never written over, and no secret in any message.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { createWallet, openAccount, readWallet, walletPath } from "../../src/node/index.ts";
import { refusal } from "../support/refusal.ts";

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), "pouw-wallet-")), "data");
});
afterEach(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

it("is made for its owner alone and read back", () => {
  expect(readWallet(dir)).toBeUndefined();
  const made = createWallet(dir);
  const read = readWallet(dir);
  expect(toHex(read?.keys.address as Uint8Array)).toBe(toHex(made.keys.address));
  expect(read?.warning).toBeUndefined();
  if (process.platform !== "win32") expect(statSync(walletPath(dir)).mode & 0o777).toBe(0o600);
});

it("is read though an editor put a byte order mark before it", () => {
  const made = createWallet(dir);
  writeFileSync(made.path, `\uFEFF${readFileSync(made.path, "utf8")}`);
  expect(readWallet(dir)?.keys.address).toEqual(made.keys.address);
});

it("is never written over", () => {
  const made = createWallet(dir);
  const before = readFileSync(made.path, "utf8");
  const error = refusal(() => createWallet(dir));
  expect(error.code).toBe("BAD_KEY");
  expect(error.remedy).toContain("never written over");
  expect(readFileSync(made.path, "utf8")).toBe(before);
});

it("warns when others may read it", () => {
  if (process.platform === "win32") return;
  chmodSync(createWallet(dir).path, 0o644);
  expect(readWallet(dir)?.warning).toContain("chmod 600");
});

it("is refused when damaged, without showing what it holds", () => {
  const { path, secret } = createWallet(dir);
  const good = JSON.parse(readFileSync(path, "utf8")) as { address: string; secret: string };
  const other = good.secret.startsWith("0") ? `1${good.secret.slice(1)}` : `0${good.secret.slice(1)}`;
  for (const text of [
    "no json",
    "null",
    "{}",
    JSON.stringify({ ...good, secret: "12" }),
    JSON.stringify({ ...good, secret: other }),
  ]) {
    writeFileSync(path, text);
    const error = refusal(() => readWallet(dir));
    expect(error.code).toBe("BAD_KEY");
    expect(`${error.message} ${error.remedy}`).not.toContain(toHex(secret).slice(0, 16));
  }
});

it("gives a node its account: from the settings, from the file, or a new one", () => {
  const secret = "11".repeat(32);
  const fromSettings = openAccount(dir, secret);
  expect(readWallet(dir)).toBeUndefined();
  const fresh = openAccount(dir, undefined);
  const again = openAccount(dir, undefined);
  expect(toHex(again.keys.address)).toBe(toHex(fresh.keys.address));
  expect(toHex(fromSettings.keys.address)).not.toBe(toHex(fresh.keys.address));
});
