// Blobs from several peers: who is asked when, who is waited for, and who is to blame.
import { beforeEach, describe, expect, it } from "vitest";
import { bytesEqual } from "../../../../src/base/index.ts";
import { CHUNK_BYTES, REQUESTS, type ReplyOf } from "../../../../src/codec/index.ts";
import { sha256 } from "../../../../src/crypto/index.ts";
import { createClient, fetchBlob } from "../../../../src/engine/exchange/index.ts";
import type { Wire } from "../../../../src/ports/index.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

type Serves = (offset: number) => ReplyOf<"blob"> | Promise<never>;
/** Two chunks. */
const BLOB = new Uint8Array(CHUNK_BYTES + 10).fill(7);
const silent: Serves = () => new Promise(() => undefined);
const nothing: Serves = () => ({ total: 0, bytes: new Uint8Array(0) });
const serves: Serves = (offset) => ({ total: BLOB.length, bytes: BLOB.slice(offset, offset + CHUNK_BYTES) });
/** Lets go of it after the first chunk. */
const forgets: Serves = (offset) => (offset === 0 ? serves(0) : nothing(0));
const lies: Serves = () => ({ total: 1, bytes: Uint8Array.of(1) });

let clock: VirtualClock;
let asked: { readonly peer: string; readonly at: number }[];
let punished: string[];
beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  punished = [];
});

/** The bytes that came of asking peers named by what they do, or `later` when none did in a minute, and after how long. */
async function fetch(...peers: readonly (readonly [string, Serves])[]): Promise<{ found: unknown; ms: number }> {
  const began = clock.now();
  const wire = {
    punish: (peer: string) => void punished.push(peer),
    groupOf: (peer: string) => peer,
    request: async (peer: string, _protocol: string, data: Uint8Array, { signal }: { signal: AbortSignal }) => {
      const { offset } = REQUESTS.blob.request.decode(data);
      if (offset === 0) asked.push({ peer, at: clock.now() - began });
      const given = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      return REQUESTS.blob.reply.encode(await Promise.race([given, (new Map(peers).get(peer) as Serves)(offset)]));
    },
  } as unknown as Wire;
  const check = (bytes: Uint8Array): boolean => bytesEqual(bytes, BLOB);
  const wanted = { kind: "delta", id: sha256(BLOB), maxBytes: BLOB.length, check } as const;
  const names = peers.map(([name]) => name);
  let found: unknown = "later";
  void fetchBlob(wanted, names, { client: createClient({ wire, clock }), wire, clock }, new AbortController()).then(
    (bytes) => {
      found = bytes;
    },
  );
  await clock.run(60_000, () => found !== "later");
  return { found, ms: clock.now() - began };
}

describe("a blob", () => {
  it("is asked of the first alone while that one serves it", async () => {
    expect(await fetch(["a", serves], ["b", serves])).toEqual({ found: BLOB, ms: 0 });
    expect(asked).toEqual([{ peer: "a", at: 0 }]);
  });

  it("is asked of one more every two seconds while all are silent, and of the next at once when one has nothing", async () => {
    const { found, ms } = await fetch(["a", silent], ["b", silent], ["c", nothing], ["d", serves], ["e", serves]);
    expect([found, ms]).toEqual([BLOB, 4_000]);
    const at = { a: 0, b: 2_000, c: 4_000, d: 4_000 };
    expect(asked).toEqual(Object.entries(at).map(([peer, when]) => ({ peer, at: when })));
  });

  it("is given up once nobody is left who could still answer", async () => {
    expect(await fetch(["a", nothing], ["b", nothing])).toEqual({ found: undefined, ms: 0 });
    expect(await fetch()).toEqual({ found: undefined, ms: 0 });
    // A silent peer is waited for, ten seconds for each chunk.
    expect(await fetch(["a", silent])).toEqual({ found: undefined, ms: 10_000 });
  });
});

describe("blame", () => {
  it("is for other bytes, and not for silence, nor for what was let go of halfway", async () => {
    const { found } = await fetch(["a", lies], ["b", forgets], ["c", serves]);
    expect([found, punished]).toEqual([BLOB, ["a"]]);
  });
});
