// Whom sync blames: a peer that mines on while its chain is fetched is honest, one that never shows what it claims is not.
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { ACCEPT, Emitter, fromBigInt, ignore, PouwError, toHex } from "../../../../src/base/index.ts";
import { type ChainPoint, genesisState } from "../../../../src/chain/index.ts";
import { Block, Header, type PeerStatus, REQUESTS } from "../../../../src/codec/index.ts";
import { followHeader } from "../../../../src/consensus/index.ts";
import { isExcusable } from "../../../../src/engine/blame.ts";
import type { EngineEvents, EventBus } from "../../../../src/engine/events.ts";
import { createClient, Sync } from "../../../../src/engine/exchange/index.ts";
import type { Wire } from "../../../../src/ports/index.ts";
import { aWorld, mineChain } from "../../../support/chain.ts";
import { settle, VirtualClock } from "../../../support/virtual-clock.ts";

const PEER = "peer";
const world = aWorld();
const { blocks, states } = mineChain(world, 40);
const ids = blocks.map(({ header }) => toHex(Header.id(header)));
const workAt = (height: number): bigint => (states[height] as ChainPoint).work;

let clock: VirtualClock;
let status: PeerStatus;
let segment: { height: number; moves: boolean } | undefined;
let head: { id: Uint8Array; height: number; work: bigint };
let punished: string[];
/** Called at every request. */
let asked: (protocol: string) => void;
let served: number;
let sync: Sync;
/** Peers beside it, which are where this node is. */
let others: string[];
let needsDeltas: boolean;
/** Blocks from this height on stand on one that was found forged since their headers came. */
let forgedFrom: number;
/** Blocks above this height are not taken in. */
let room: number;
/** What was told of blocks whose deltas nobody keeps. */
let past: EngineEvents["past"]["missing"][];
let events: EventBus;
/** That the peer is there. */
let isThere: boolean;

/** What the peer says of itself from now on. */
function claim(height: number, work = workAt(height)): void {
  status = { ...status, height, work: fromBigInt(work, 32) };
}

beforeEach(() => {
  clock = new VirtualClock();
  punished = [];
  head = { id: world.rules.genesis, height: 0, work: 0n };
  served = blocks.length;
  segment = undefined;
  asked = () => undefined;
  const known = new Set([toHex(world.rules.genesis)]);
  status = {
    version: 1,
    network: new Uint8Array(),
    genesis: world.rules.genesis,
    head: new Uint8Array(32),
    height: 0,
    work: new Uint8Array(32),
    oldest: 0,
    roles: 0,
    trains: 1,
    time: 0n,
  };
  events = new Emitter();
  isThere = true;
  past = [];
  others = [];
  needsDeltas = true;
  room = blocks.length;
  forgedFrom = Number.POSITIVE_INFINITY;
  events.on("past", ({ missing }) => past.push(missing));
  const request = async (_peer: string, protocol: string, data: Uint8Array): Promise<Uint8Array> => {
    asked(protocol);
    if (protocol === "headers") {
      const { known: named, count } = REQUESTS.headers.request.decode(data);
      const shared = named.map((id) => ids.indexOf(toHex(id))).find((at) => at >= 0) ?? -1;
      const found = blocks.slice(shared + 1, Math.min(shared + 1 + count, served));
      return REQUESTS.headers.reply.encode({ headers: found.map(({ header }) => header) });
    }
    const wanted = REQUESTS.blocks.request.decode(data).ids.map((id) => blocks[ids.indexOf(toHex(id))] as Block);
    return REQUESTS.blocks.reply.encode({ blocks: wanted.map((block) => Block.codec.encode(block)) });
  };
  const wire = { request, punish: (_peer: string, reason: string) => void punished.push(reason) } as unknown as Wire;
  sync = new Sync(
    {
      wire,
      client: createClient({ wire, clock }),
      peers: {
        ranked: () => [...(isThere ? [PEER] : []), ...others],
        get: (peer) =>
          peer === PEER ? (isThere ? status : undefined) : { ...status, height: 0, work: new Uint8Array(32) },
        stallsOf: () => 0,
        noteStall: () => undefined,
        noteServed: () => undefined,
      },
      clock,
      events,
      log: silentLog(),
      head: () => head,
      recent: () => undefined,
      known: async () => [...ids.slice(0, head.height).reverse(), toHex(world.rules.genesis)].slice(0, 9).map(bytesOf),
      pointOf: async (id) => states[ids.indexOf(toHex(id)) + 1] ?? genesisState(world.genesis),
      follow: (at, header) => followHeader(at, header, world.rules),
      owes: () => false,
      sample: async () => undefined,
      segment: () => segment,
      get needsDeltas() {
        return needsDeltas;
      },
      foresight: undefined,
      isExcusable: (verdict) => isExcusable(verdict, world.rules),
      held: async (id) => (known.has(toHex(id)) ? { isForged: false } : undefined),
      importBlock: async ({ value: { header } }) => {
        if (header.height > room) return ignore("full", "checks are owed");
        if (header.height >= forgedFrom) return ignore("forged-parent");
        known.add(toHex(Header.id(header)));
        if (header.height > head.height)
          head = { id: Header.id(header), height: header.height, work: workAt(header.height) };
        return ACCEPT;
      },
    },
    { signal: new AbortController().signal },
  );
});
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** The peer says again where it stands, and is looked into. */
async function look(): Promise<void> {
  status = { ...status };
  sync.requestSync();
  await settle();
  await clock.run(6_000, () => !sync.busy);
  await sync.idle();
}

describe("a peer whose chain is fetched", () => {
  it("may mine on meanwhile, again and again", async () => {
    claim(4);
    asked = () => {
      if (status.height < blocks.length) claim(status.height + 1);
    };
    for (let i = 0; i < 20; i++) await look();
    expect(head.height).toBe(blocks.length);
    expect(punished).toEqual([]);
  });

  it("may move to a heavier chain of which it has fewer blocks at that height", async () => {
    served = 13;
    claim(10, workAt(13) + 1n);
    // Before the last request is answered it stands elsewhere; what it says in the end, it shows.
    asked = () => claim(13);
    for (let i = 0; i < 5; i++) await look();
    expect(head.height).toBe(13);
    expect(punished).toEqual([]);
  });

  it("may lose its connection while it is asked, a few times in a row", async () => {
    claim(10);
    asked = () => {
      throw new PouwError("WIRE_FAILED", "the connection is gone");
    };
    for (let i = 0; i < 8; i++) await look();
    expect(head.height).toBe(0);
    expect(punished).toEqual([]);
    // Not for ever: it could repeat what is known and break off before the rest.
    for (let i = 0; i < 8; i++) await look();
    expect(punished.length).toBeGreaterThan(0);
  });

  it("is punished when it goes on claiming what it does not show", async () => {
    claim(10, 2n ** 200n);
    await look();
    expect(punished).toEqual([]);
    await look();
    expect(punished).toEqual(["claims more work than its blocks hold"]);
    expect(head.height).toBe(blocks.length);
  });

  it("is punished as well when it claims more at every look", async () => {
    served = 10;
    claim(10, 2n ** 200n);
    asked = () => claim(10, 2n ** 200n + BigInt(++more));
    let more = 0;
    for (let i = 0; i < 30; i++) await look();
    expect(head.height).toBe(10);
    expect(punished.length).toBeGreaterThanOrEqual(3);
  });

  it("is not asked twice for one word", async () => {
    let requests = 0;
    claim(10, 2n ** 200n);
    asked = () => requests++;
    await look();
    const before = requests;
    for (let i = 0; i < 5; i++) sync.requestSync();
    await sync.idle();
    expect(requests).toBe(before);
  });
});

describe("a branch upon a block that was found forged meanwhile", () => {
  it("is left, and whoever showed it blamed for nothing and not asked for it again", async () => {
    let bodies = 0;
    asked = (protocol) => {
      if (protocol === "blocks") bodies++;
    };
    forgedFrom = 5;
    claim(30);
    await look();
    expect([head.height, punished]).toEqual([4, []]);
    const before = bodies;
    for (let i = 0; i < 5; i++) {
      await clock.run(60_000);
      await look();
    }
    expect([head.height, punished, bodies - before]).toEqual([4, [], 0]);
  });
});

describe("a peer that let the deltas of old blocks go", () => {
  it("is not asked for blocks that cannot be checked without them, and that is said once", async () => {
    claim(30);
    status = { ...status, oldest: 5 };
    for (let i = 0; i < 3; i++) await look();
    expect(head.height).toBe(0);
    expect(punished).toEqual([]);
    expect(past).toEqual([{ from: 1, to: 4 }]);
  });

  it("is asked when it keeps all from the first block on that is lacking, however far its chain goes", async () => {
    served = 20;
    claim(20);
    await look();
    expect(head.height).toBe(20);
    served = blocks.length;
    claim(blocks.length);
    status = { ...status, oldest: 21 };
    await look();
    expect(head.height).toBe(blocks.length);
    expect(past).toEqual([]);
  });

  it("is asked for what lies above the own head, when that is on its chain, though not for what lies below", async () => {
    claim(30);
    room = 20;
    await look();
    expect(head.height).toBe(20);
    // Its headers are known from block 1 on; meanwhile it let go of the deltas of what is here already.
    status = { ...status, oldest: 21 };
    room = blocks.length;
    // It waits a while where there was no room.
    await clock.run(6_000);
    await look();
    expect(head.height).toBe(blocks.length);
    expect(past).toEqual([]);
  });

  it("is asked by a node that moves no parameters itself", async () => {
    needsDeltas = false;
    claim(30);
    status = { ...status, oldest: 5 };
    await look();
    expect(head.height).toBe(blocks.length);
    expect(past).toEqual([]);
  });

  it("is no reason to say so while another peer stands where this node does", async () => {
    others = ["another"];
    claim(30);
    status = { ...status, oldest: 5 };
    await look();
    expect([head.height, past]).toEqual([0, []]);
    others = [];
    await look();
    expect(past).toEqual([{ from: 1, to: 4 }]);
  });

  it("is asked once it has them again, and that is said when the first of them came", async () => {
    claim(30);
    status = { ...status, oldest: 5 };
    await look();
    status = { ...status, oldest: 1 };
    const saidAt: number[] = [];
    events.on("past", () => saidAt.push(head.height));
    await look();
    expect(head.height).toBe(blocks.length);
    expect(past).toEqual([{ from: 1, to: 4 }, undefined]);
    expect(saidAt[0]).toBeGreaterThan(0);
  });

  it("and says that it has them again is no news while it brings none", async () => {
    claim(30);
    status = { ...status, oldest: 5 };
    await look();
    status = { ...status, oldest: 1 };
    room = 0;
    await look();
    await clock.run(6_000);
    await look();
    expect([head.height, past]).toEqual([0, [{ from: 1, to: 4 }]]);
  });

  it("is no reason any more once it left, or once it is no longer ahead", async () => {
    claim(30);
    status = { ...status, oldest: 5 };
    await look();
    isThere = false;
    events.emit("peer", { peer: PEER, connected: false });
    expect(past).toEqual([{ from: 1, to: 4 }, undefined]);
    isThere = true;
    await look();
    expect(past).toHaveLength(3);
    head = { ...head, work: workAt(blocks.length) };
    events.emit("head", { tip: head, added: [], dropped: [] } as unknown as EngineEvents["head"]);
    expect(past).toEqual([{ from: 1, to: 4 }, undefined, { from: 1, to: 4 }, undefined]);
  });
});
