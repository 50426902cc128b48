// Deltas under pressure: more than memory holds still come to disk, and what memory let go of is not taken for stored.
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { REQUESTS, type RoundRecord } from "../../../../src/codec/index.ts";
import { sha256 } from "../../../../src/crypto/index.ts";
import { createClient } from "../../../../src/engine/exchange/index.ts";
import { BlockStore } from "../../../../src/engine/storage/index.ts";
import { Deltas } from "../../../../src/engine/training/deltas.ts";
import type { Wire } from "../../../../src/ports/index.ts";
import { aContribution, alice, aRecord, aWorld } from "../../../support/chain.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const world = aWorld();
const { signal } = new AbortController();
/** So large a bound that memory holds eight deltas. */
const HUGE = 1 << 30;

/** Twenty deltas in four records, and a wire whose only peer serves them. */
function scene(): { records: RoundRecord[]; deltas: Deltas; asked: () => number } {
  const blobs = new Map<string, Uint8Array>();
  const records = [0, 1, 2, 3].map((r) => {
    const contributions = [0, 1, 2, 3, 4].map((c) => {
      const bytes = Uint8Array.of(r, c);
      const deltaHash = sha256(bytes);
      blobs.set(`${deltaHash}`, bytes);
      return { ...aContribution(world.state, alice, { index: c }, world.rules), deltaHash, deltaBytes: 2 };
    });
    return aRecord(world.state, alice, { contributions }, world.rules);
  });
  let asked = 0;
  const wire: Pick<Wire, "request" | "punish" | "groupOf"> = {
    groupOf: (peer) => peer,
    punish: () => undefined,
    request: async (_peer, _protocol, data) => {
      asked++;
      const bytes = blobs.get(`${REQUESTS.blob.request.decode(data).id}`) as Uint8Array;
      return REQUESTS.blob.reply.encode({ total: bytes.length, bytes });
    },
  };
  const store = memoryStore();
  const clock = new VirtualClock();
  const client = createClient({ wire: wire as Wire, clock });
  const network = { client, wire: wire as Wire, clock, peers: { ranked: () => ["peer"] } };
  const deltas = new Deltas({ maxBytes: HUGE }, { store, blocks: new BlockStore(store), network });
  return { records, deltas, asked: () => asked };
}

async function missing(deltas: Deltas, records: readonly RoundRecord[]): Promise<number> {
  let gone = 0;
  for (const { contributions } of records)
    for (const { deltaHash } of contributions) if ((await deltas.local(deltaHash)) === undefined) gone++;
  return gone;
}

describe("the deltas of a block with more than memory holds", () => {
  it("are all here after they were brought, each asked for once", async () => {
    const { records, deltas, asked } = scene();
    expect(await deltas.ofMoves({ id: new Uint8Array(32), moves: records }, ["peer"], { signal })).toBe(true);
    expect(await missing(deltas, records)).toBe(0);
    expect(asked()).toBe(20);
  });

  it("would push each other out of memory (the control)", async () => {
    const { records, deltas } = scene();
    const contributions = records.flatMap((record) => record.contributions);
    expect(await deltas.all(contributions, ["peer"], { signal })).toBe(true);
    expect(await missing(deltas, records)).toBe(12);
  });

  it("are not taken for stored when memory had let go of them", async () => {
    const { records, deltas } = scene();
    const contributions = records.flatMap((record) => record.contributions);
    await deltas.all(contributions, ["peer"], { signal });
    await deltas.keep(contributions);
    // They come again, and this time there is room to write them.
    for (const { contributions: some } of records) {
      await deltas.all(some, ["peer"], { signal });
      await deltas.keep(some);
    }
    expect(await missing(deltas, records)).toBe(0);
  });
});
