// The built-in data sets from their packages to disk and back, and what happens when a file is damaged.
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createArtifacts } from "../../../src/adapters/artifacts/index.ts";
import { fromHex, toHex } from "../../../src/base/index.ts";
import { type DataSet, type DataSetName, decodeText, KNOWN_DATA } from "../../../src/ml/index.ts";
import type { Artifacts, Log } from "../../../src/ports/index.ts";
import { signal, silent } from "./suite.ts";

interface OpenOptions {
  readonly dataDir: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (share: number) => void;
}
/** What the log was warned of. */
const warnings: string[] = [];
const log: Log = { ...silent, warn: (_data, sentence) => void warnings.push(sentence) };
const fresh = (directory: string | undefined): Artifacts =>
  createArtifacts({ modelsDirs: [], dataDir: directory }, { log });
const get = (artifacts: Artifacts, name: DataSetName, options: Omit<OpenOptions, "dataDir">): Promise<DataSet> =>
  artifacts.get("data", fromHex(KNOWN_DATA[name].digest) as Uint8Array, options) as Promise<DataSet>;
/** By an adapter of its own, which has not opened anything yet. */
const openDataSet = (name: DataSetName, { dataDir, ...options }: OpenOptions): Promise<DataSet> =>
  get(fresh(dataDir), name, options);

let dataDir: string;
const file = (name: string): string => join(dataDir, "data", name);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "pouw-data-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe.each(Object.keys(KNOWN_DATA) as DataSetName[])("%s", (name) => {
  it("is converted once, then read, with the digest that the code names", async () => {
    const steps: number[] = [];
    const first = await openDataSet(name, { dataDir, signal, onProgress: (share) => steps.push(share) });
    expect(toHex(first.digest)).toBe(KNOWN_DATA[name].digest);
    expect(steps.at(-1)).toBe(1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    const again = await openDataSet(name, { dataDir, signal, onProgress: () => expect.unreachable("converted twice") });
    expect({ ...again, tensors: [] }).toEqual({ ...first, tensors: [] });
    again.tensors.forEach((tensor, i) => {
      expect(tensor.data.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(Buffer.compare(tensor.data, first.tensors[i]?.data as Uint8Array)).toBe(0);
    });
    expect((await readdir(join(dataDir, "data"))).filter((entry) => entry.endsWith(".tmp"))).toEqual([]);
  });

  it("is made anew, with a word in the log, when a byte is wrong or missing, or the description is", async () => {
    const good = await readFile(file(`${name}.bin`));
    const description = await readFile(file(`${name}.json`), "utf8");
    const flipped = Buffer.from(good);
    flipped[12345] = (flipped[12345] as number) ^ 1;
    const damages: readonly (() => Promise<void>)[] = [
      () => writeFile(file(`${name}.bin`), flipped),
      () => truncate(file(`${name}.bin`), good.length - 1),
      () => rm(file(`${name}.bin`)),
      ...["", "{}", description.replace("uint8", "int8")].map((bad) => () => writeFile(file(`${name}.json`), bad)),
    ];
    for (const damage of damages) {
      await damage();
      expect(toHex((await openDataSet(name, { dataDir, signal })).digest)).toBe(KNOWN_DATA[name].digest);
      expect(warnings.splice(0)).toEqual([expect.stringContaining("made anew")]);
      expect(Buffer.compare(await readFile(file(`${name}.bin`)), good)).toBe(0);
      expect(await readFile(file(`${name}.json`), "utf8")).toBe(description);
    }
  });

  it("is there all the same where it cannot be kept", async () => {
    const nowhere = join(dataDir, "nowhere", "deep");
    expect(toHex((await openDataSet(name, { dataDir: nowhere, signal })).digest)).toBe(KNOWN_DATA[name].digest);
    expect(warnings.splice(0)).toEqual([expect.stringContaining("not kept")]);
  });

  it("is converted again when its description never got written", async () => {
    await rm(file(`${name}.json`));
    await writeFile(file(`${name}.bin`), "half");
    expect(toHex((await openDataSet(name, { dataDir, signal })).digest)).toBe(KNOWN_DATA[name].digest);
    expect(toHex((await openDataSet(name, { dataDir, signal })).digest)).toBe(KNOWN_DATA[name].digest);
  });
});

describe("a data set", () => {
  it.each(["text", "bible"] as const)("keeps nothing without a data directory: %s", async (name) => {
    const set = await openDataSet(name, { dataDir: undefined, signal });
    expect(toHex(set.digest)).toBe(KNOWN_DATA[name].digest);
    const { splits, evalStride } = set;
    expect({ splits, evalStride }).toEqual({
      splits: KNOWN_DATA[name].splits,
      evalStride: KNOWN_DATA[name].evalStride,
    });
    const [tokens] = set.tensors.map((tensor) => tensor.data) as [Uint8Array];
    expect(tokens.every((token) => token < 96)).toBe(true);
    // Words of English, not noise: the commonest one is there often enough.
    expect(decodeText(tokens).split(" the ").length).toBeGreaterThan(1000);
  });

  it("has as many digits of each class as the package", async () => {
    const set = await openDataSet("digits", { dataDir: undefined, signal });
    const labels = set.tensors[1]?.data as Uint8Array;
    const counts = new Array<number>(10).fill(0);
    for (const label of labels) counts[label] = (counts[label] as number) + 1;
    expect(counts).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
  });

  it("stops when asked to", async () => {
    const other = join(dataDir, "other");
    await mkdir(other);
    const stop = new AbortController();
    const opening = openDataSet("digits", { dataDir: other, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(opening).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(await readdir(other)).toEqual([]);
  });

  it("is opened once for all who ask, and by the next when the first is called off", async () => {
    const artifacts = fresh(undefined);
    const stop = new AbortController();
    const first = get(artifacts, "text", { signal: stop.signal });
    const second = get(artifacts, "text", { signal });
    stop.abort(new Error("called off"));
    await expect(first).rejects.toThrow("called off");
    const set = await second;
    expect(toHex(set.digest)).toBe(KNOWN_DATA.text.digest);
    expect(await get(artifacts, "text", { signal, onProgress: () => expect.unreachable("converted twice") })).toBe(set);
  });
});
