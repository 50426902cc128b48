// What a key signed, in a file beside the wallet: a line for each win and record, on disk before the object leaves the node (protocol section 10).
import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskFailure } from "../../adapters/level/index.ts";
import { PouwError, SerialQueue, toHex } from "../../base/index.ts";
import type { Signed, SigningHistory } from "../../ports/index.ts";

/** Heights under the highest one whose lines are kept: nothing is signed further down. */
const KEPT_HEIGHTS = 256;
/** Lines in the file beyond those that are kept before it is written anew. */
const SPARE_LINES = 4096;
const LINE = /^(?<slot>[!-~]+) (?<height>\d{1,10}) (?<id>[0-9a-f]{64})$/;

export const signedPath = (dataDir: string, address: Uint8Array): string =>
  join(dataDir, `signed-${toHex(address).slice(0, 16)}.log`);

interface Kept extends Signed {
  readonly written: Promise<void>;
}

/** The rule of one id a slot; `write` puts a line where it lasts. */
class Slots implements SigningHistory {
  readonly #slots = new Map<string, Kept>();
  readonly #ids = new Set<string>();
  readonly #write: (signed: Signed) => Promise<void>;
  #floor = 0;
  top = 0;

  constructor(before: readonly Signed[], write: (signed: Signed) => Promise<void>) {
    this.#write = write;
    for (const signed of before) this.#keep({ ...signed, written: Promise.resolve() });
    this.#forget();
  }

  all(): Signed[] {
    return [...this.#slots.values()];
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  async claim(signed: Signed): Promise<boolean> {
    if (signed.height <= this.#floor) return false;
    const before = this.#slots.get(signed.slot);
    if (before !== undefined) return before.id === signed.id && before.written.then(() => true);
    const written = this.#write(signed);
    this.#keep({ ...signed, written });
    try {
      await written;
    } catch (error) {
      this.#slots.delete(signed.slot);
      this.#ids.delete(signed.id);
      throw error;
    }
    this.#forget();
    return true;
  }

  #keep(signed: Kept): void {
    this.#slots.set(signed.slot, signed);
    this.#ids.add(signed.id);
    this.top = Math.max(this.top, signed.height);
  }

  #forget(): void {
    this.#floor = Math.max(this.#floor, this.top - KEPT_HEIGHTS);
    for (const { slot, height, id } of this.#slots.values()) {
      // Lines come nearly in order of height: what is left over goes a little later.
      if (height > this.#floor) break;
      this.#slots.delete(slot);
      this.#ids.delete(id);
    }
  }
}

/** A history that ends with the process. */
export const memoryHistory = (): SigningHistory => new Slots([], () => Promise.resolve());

export interface SignedFile extends SigningHistory {
  /** Whether there was none: a key that is older has signed what is not known here. */
  readonly isNew: boolean;
  close(): Promise<void>;
}

/** Opens or makes the file. Throws STORE_CORRUPT for one that is not whole, STORE_FAILED. */
export async function openSignedFile(path: string): Promise<SignedFile> {
  const isNew = !existsSync(path);
  const lines = isNew ? [] : await readLines(path);
  const queue = new SerialQueue();
  let file: FileHandle | undefined;
  let [size, count] = [0, 0];
  const append = async (text: string): Promise<void> => {
    try {
      const { bytesWritten } = await (file as FileHandle).write(text, size);
      if (bytesWritten < Buffer.byteLength(text)) throw new Error("no space left: the disk took a part of it only");
      await (file as FileHandle).datasync();
      size += bytesWritten;
      count += 1;
    } catch (error) {
      // What a failed write or sync left of the file nobody knows: it is written anew before another line.
      count = Number.POSITIVE_INFINITY;
      throw error;
    }
  };
  const slots = new Slots(lines, (signed) => queue.run(() => append(lineOf(signed)).catch(failed(path))));
  const renew = async (): Promise<void> => {
    await file?.close().catch(() => undefined);
    const kept = slots.all();
    file = await writeAnew(path, kept.map(lineOf).join(""));
    [size, count] = [(await file.stat()).size, kept.length];
  };
  await renew().catch(failed(path));
  return {
    isNew,
    get top() {
      return slots.top;
    },
    has: (id) => slots.has(id),
    async claim(signed) {
      if (count > slots.all().length + SPARE_LINES) await queue.run(() => renew().catch(failed(path)));
      return slots.claim(signed);
    },
    close: () => queue.run(() => file?.close()),
  };
}

const lineOf = ({ slot, height, id }: Signed): string => `${slot} ${height} ${id}\n`;

const failed =
  (path: string) =>
  (cause: unknown): never => {
    throw diskFailure(cause, path);
  };

/** Every whole line; the last may be torn, and then nothing was published under it. */
async function readLines(path: string): Promise<Signed[]> {
  const text = await readFile(path, "latin1").catch(failed(path));
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => {
      const { slot, height, id } = LINE.exec(line)?.groups ?? {};
      if (slot !== undefined && height !== undefined && id !== undefined) return { slot, height: Number(height), id };
      throw new PouwError("STORE_CORRUPT", `Line ${i + 1} of ${path}, which holds what the key signed, is damaged.`, {
        remedy: `Move ${path} away and start with --bootstrap: the node then hears the chain before it signs.`,
      });
    });
}

async function writeAnew(path: string, text: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  const folder = await open(dirname(path), "r");
  await folder.sync().catch(() => undefined);
  await folder.close();
  return file;
}
