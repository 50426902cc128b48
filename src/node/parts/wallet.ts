// The account's key file: made once, readable by its owner only, never overwritten.
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fromHex, messageOf, PouwError, toHex, withoutMark } from "../../base/index.ts";
import { type KeyPair, keyPairFromSecret } from "../../crypto/index.ts";
import { makeDataDir } from "./data-dir.ts";
import { signedPath } from "./signed-file.ts";

export const WALLET_FILE = "wallet.key";

export interface Wallet {
  readonly path: string;
  readonly keys: KeyPair;
  /** 32 bytes. Leaves the process through `wallet export --yes` only. */
  readonly secret: Uint8Array;
  /** A sentence when others on this machine may read the file. */
  readonly warning: string | undefined;
}

export const walletPath = (dataDir: string): string => join(dataDir, WALLET_FILE);

/** 32 bytes from 64 hex digits; throws BAD_KEY without repeating them. */
export function parseSecret(text: string): Uint8Array {
  const secret = fromHex(text.trim());
  if (secret === undefined || secret.length !== 32)
    throw new PouwError("BAD_KEY", "A secret key is 64 hex digits.", {
      remedy: "Give it exactly as `pouw-node wallet export` prints it.",
    });
  return secret;
}

/** The key file of a data directory; undefined when there is none. Throws BAD_KEY when it is not one. */
export function readWallet(dataDir: string): Wallet | undefined {
  const path = walletPath(dataDir);
  let text: string;
  try {
    text = withoutMark(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw new PouwError("BAD_KEY", `The key file ${path} cannot be read: ${messageOf(error)}.`, {
      remedy: "Check who owns it and that you may read it.",
    });
  }
  const remedy = "Restore the file from a copy, or move it away to get a new account.";
  let file: { type?: unknown; address?: unknown; secret?: unknown };
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    throw new PouwError("BAD_KEY", `The key file ${path} is damaged: it is not JSON.`, { remedy });
  }
  if (file?.type !== "pouw-account" || typeof file.secret !== "string")
    throw new PouwError("BAD_KEY", `The key file ${path} is not a pouw-node account.`, { remedy });
  const secret = parseSecret(file.secret);
  const keys = keyPairFromSecret(secret);
  if (file.address !== toHex(keys.address))
    throw new PouwError("BAD_KEY", `The key file ${path} is damaged: its address is not its key's.`, { remedy });
  return { path, keys, secret, warning: permissionWarning(path) };
}

function permissionWarning(path: string): string | undefined {
  if (process.platform === "win32" || (statSync(path).mode & 0o077) === 0) return undefined;
  return `Others on this machine may read the key file ${path}; run: chmod 600 ${path}`;
}

/** Writes a new key file; throws BAD_KEY when one is there. The secret is drawn when not given. */
export function createWallet(dataDir: string, given?: Uint8Array): Wallet {
  const secret = given ?? randomBytes(32);
  const path = walletPath(dataDir);
  const keys = keyPairFromSecret(secret);
  const content = { type: "pouw-account", version: 1, address: toHex(keys.address), secret: toHex(secret) };
  makeDataDir(dataDir);
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    throw new PouwError("BAD_KEY", `There is a key file already: ${path}.`, {
      remedy: "Move it away first, or use another --data-dir; it is never written over.",
    });
  }
  try {
    writeSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(path, 0o600);
  // Nothing was signed yet with a key that is new.
  if (given === undefined) closeSync(openSync(signedPath(dataDir, keys.address), "a", 0o600));
  return { path, keys, secret, warning: undefined };
}

/** The account a node runs under: the secret from its settings, else its key file, made on the first start. */
export function openAccount(dataDir: string, accountSecret: string | undefined): Wallet {
  if (accountSecret !== undefined) {
    const secret = parseSecret(accountSecret);
    return { path: "", keys: keyPairFromSecret(secret), secret, warning: undefined };
  }
  return readWallet(dataDir) ?? createWallet(dataDir);
}
