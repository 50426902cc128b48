// Parameter sets by digest: from memory, the disk, the artifacts or peers, and never other bits than the digest says.
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { toHex } from "../../../../src/base/index.ts";
import { REQUESTS } from "../../../../src/codec/index.ts";
import { createClient } from "../../../../src/engine/exchange/index.ts";
import { KEYS } from "../../../../src/engine/storage/index.ts";
import { encodeSet } from "../../../../src/engine/training/index.ts";
import { ParameterStore } from "../../../../src/engine/training/parameter-store.ts";
import { parametersDigest } from "../../../../src/ml/index.ts";
import type { Artifacts, Store, Wire } from "../../../../src/ports/index.ts";
import { signal } from "../../../support/desk.ts";
import { toyArtifacts, toyTask } from "../../../support/sim.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const initial = (await toyArtifacts.get("parameters", toyTask.initialDigest, { signal })) as Float32Array;
/** Another set of the task. */
const aSet = (step: number): Float32Array => initial.map((x, i) => (i === 0 ? x + step * 2 ** -22 : x));
const digestOf = (set: Float32Array): Uint8Array => parametersDigest(toyTask, set);

let store: Store;
beforeEach(() => {
  store = memoryStore();
});

/** Peers by name, each with what it serves as parameters, whatever it is asked for. */
function overNetwork(serves: { readonly [peer: string]: Uint8Array | undefined }): {
  readonly sets: ParameterStore;
  readonly asked: string[];
  readonly punished: string[];
} {
  const asked: string[] = [];
  const punished: string[] = [];
  const wire = {
    punish: (peer: string) => void punished.push(peer),
    request: async (peer: string, _protocol: string, data: Uint8Array) => {
      asked.push(peer);
      const { offset, length } = REQUESTS.blob.request.decode(data);
      const bytes = serves[peer] ?? new Uint8Array(0);
      return REQUESTS.blob.reply.encode({ total: bytes.length, bytes: bytes.slice(offset, offset + length) });
    },
  } as unknown as Wire;
  const clock = new VirtualClock();
  const network = {
    client: createClient({ wire, clock }),
    clock,
    wire,
    peers: { ranked: () => Object.keys(serves) },
  };
  return { sets: new ParameterStore(toyTask, { store, network }), asked, punished };
}
const alone = (): ParameterStore => new ParameterStore(toyTask, { store, network: undefined });

describe("the first set", () => {
  it("is the artifacts', and always at hand", async () => {
    const sets = alone();
    expect(await sets.get(toyTask.initialDigest)).toBeUndefined();
    await sets.plantInitial(toyArtifacts, { signal });
    expect(await sets.get(toyTask.initialDigest)).toEqual(initial);
    expect(await store.get(KEYS.parameters(toyTask.initialDigest))).toBeUndefined();
  });

  it.each([
    ["absent", undefined],
    ["others than the genesis wants", aSet(1)],
  ])("that are %s are BAD_GENESIS, naming the task", async (_, found) => {
    const artifacts = { get: async () => found } as unknown as Artifacts;
    await expect(alone().plantInitial(artifacts, { signal })).rejects.toMatchObject({
      code: "BAD_GENESIS",
      message: expect.stringContaining("toy"),
    });
  });
});

describe("a set", () => {
  it("is found in memory, and on disk after a restart", async () => {
    const [set, digest] = [aSet(1), digestOf(aSet(1))];
    const sets = alone();
    expect(await sets.toStore(digest)).toEqual([]);
    sets.put(digest, set);
    expect(await sets.get(digest)).toBe(set);
    const rows = await sets.toStore(digest);
    expect(rows).toEqual([{ key: KEYS.parameters(digest), value: encodeSet(set) }]);
    await store.batch(rows);
    expect(await alone().get(digest)).toEqual(set);
  });

  it("that is damaged on disk is STORE_CORRUPT, unless it may be another task's", async () => {
    const digest = digestOf(aSet(1));
    for (const value of [encodeSet(aSet(2)), encodeSet(aSet(1)).subarray(4)]) {
      await store.batch([{ key: KEYS.parameters(digest), value }]);
      await expect(alone().get(digest)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      expect(await alone().held(digest)).toBeUndefined();
    }
  });

  it("that memory let go of and the disk never had is gone", async () => {
    const huge = { ...toyTask, parameterCount: 1 << 30 };
    const sets = new ParameterStore(huge, { store, network: undefined });
    // However large they are, twice the common states that count are held.
    for (let i = 1; i <= 17; i++) sets.put(Uint8Array.of(i), aSet(i));
    expect(await sets.get(Uint8Array.of(1))).toBeUndefined();
    for (let i = 2; i <= 17; i++) expect(await sets.get(Uint8Array.of(i))).toEqual(aSet(i));
  });

  it("is encoded by itself, whatever buffer it is a part of", () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    expect(toHex(encodeSet(whole.subarray(1, 3)))).toBe("0000004000004040");
  });
});

describe("a set that is not here", () => {
  const want = digestOf(aSet(3));
  const right = encodeSet(aSet(3));

  it("is pulled from peers by its digest, and asked for once", async () => {
    const { sets, asked } = overNetwork({ empty: undefined, good: right, more: right });
    expect(await sets.fetch(want, { signal })).toEqual(aSet(3));
    expect(await sets.fetch(want, { signal })).toEqual(aSet(3));
    expect(asked).toEqual(["empty", "good"]);
  });

  it("is taken from the next peer when one serves other bits, which costs that one", async () => {
    const nan = aSet(3);
    nan[5] = Number.NaN;
    const { sets, punished } = overNetwork({
      other: encodeSet(aSet(4)),
      short: right.subarray(4),
      nan: encodeSet(nan),
      long: new Uint8Array(right.length + 4),
      good: right,
    });
    expect(await sets.fetch(want, { signal })).toEqual(aSet(3));
    expect(punished).toEqual(["other", "short", "nan", "long"]);
  });

  it("is undefined when nobody has it, or there is nobody", async () => {
    const { sets, punished } = overNetwork({ empty: undefined });
    expect([await sets.fetch(want, { signal }), await alone().fetch(want, { signal }), punished]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });
});
