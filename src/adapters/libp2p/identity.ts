// The node's lasting identity on the network: an Ed25519 key in a file that only its owner can read.
import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { bytesEqual, messageOf, PouwError, utf8 } from "../../base/index.ts";
import type { Log } from "../../ports/index.ts";

/** The key of `<dataDir>/identity.key`, made on first use; without a directory a new one. Throws BAD_KEY when the file is damaged. */
export async function loadIdentity(dataDir: string | undefined, log: Log): Promise<PrivateKey> {
  if (dataDir === undefined) return generateKeyPair("Ed25519");
  const path = join(dataDir, "identity.key");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const existing = await readKeyFile(path, log);
  if (existing !== undefined) return existing;
  const key = await generateKeyPair("Ed25519");
  if (await createFile(path, privateKeyToProtobuf(key))) return key;
  // Another process of the same directory was faster; its key is the one.
  const winner = await readKeyFile(path, log);
  if (winner === undefined) throw damaged(path, "it vanished while it was being created");
  return winner;
}

async function readKeyFile(path: string, log: Log): Promise<PrivateKey | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new PouwError("BAD_KEY", `${path} cannot be read: ${messageOf(error)}`, {
      remedy: "Make the file readable by the user who runs the node.",
      cause: error,
    });
  }
  await tightenMode(path, log);
  return decodeKey(path, bytes);
}

async function decodeKey(path: string, bytes: Uint8Array): Promise<PrivateKey> {
  let key: PrivateKey;
  try {
    key = privateKeyFromProtobuf(bytes);
  } catch (error) {
    throw damaged(path, messageOf(error), error);
  }
  if (key.type !== "Ed25519") throw damaged(path, `it holds a ${key.type} key instead of Ed25519`);
  // The file holds the secret and the public half; a flipped bit in either shows when one signs and the other checks.
  const probe = utf8("pouw identity self-test");
  const sound =
    bytesEqual(privateKeyToProtobuf(key), bytes) && (await key.publicKey.verify(probe, await key.sign(probe)));
  if (!sound) throw damaged(path, "its halves do not belong together");
  return key;
}

async function tightenMode(path: string, log: Log): Promise<void> {
  if (process.platform === "win32") return;
  const mode = (await stat(path)).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  await chmod(path, 0o600);
  log.warn({ path, mode: mode.toString(8) }, "the identity key was open to other users; it is private again");
}

/** Writes a whole private file or nothing; false when the name is taken already. */
async function createFile(path: string, bytes: Uint8Array): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    await unlink(draft);
  } catch (error) {
    if (codeOf(error) === "EEXIST") {
      await unlink(draft);
      return false;
    }
    // File systems without hard links: a rename is as atomic, it only cannot refuse a taken name.
    await rename(draft, path);
  }
  await syncDirectory(dirname(path));
  return true;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r").catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
}

function damaged(path: string, how: string, cause?: unknown): PouwError {
  return new PouwError("BAD_KEY", `${path} is damaged: ${how}`, {
    remedy: "Restore the file from a backup, or move it away to get a new identity.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
