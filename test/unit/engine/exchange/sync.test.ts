// Whom sync blames: a peer that mines on while its chain is fetched is honest, one that never brings what it claims is not.
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { ACCEPT, Emitter, fromBigInt, PouwError } from "../../../../src/base/index.ts";
import { Block, Header, type PeerStatus, REQUESTS } from "../../../../src/codec/index.ts";
import { createClient, Sync } from "../../../../src/engine/exchange/index.ts";
import type { Wire } from "../../../../src/ports/index.ts";
import { aWorld, mineChain } from "../../../support/chain.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const PEER = "peer";
const world = aWorld();
const { blocks } = mineChain(world, 40);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

let claim: { height: number; work: bigint };
let head: { height: number; work: bigint };
let punished: string[];
/** Called at every request for blocks. */
let asked: () => void;
let served: number;
let sync: Sync;

beforeEach(() => {
  punished = [];
  head = { height: 0, work: 0n };
  served = blocks.length;
  asked = () => undefined;
  const known = new Set([hex(world.rules.genesis)]);
  const status = (): PeerStatus => ({
    version: 1,
    network: new Uint8Array(),
    genesis: world.rules.genesis,
    head: new Uint8Array(32),
    height: claim.height,
    work: fromBigInt(claim.work, 32),
    oldest: 0,
    roles: 0,
    trains: 1,
    time: 0n,
  });
  const request = async (_peer: string, _protocol: string, data: Uint8Array): Promise<Uint8Array> => {
    asked();
    const { from, count } = REQUESTS.blocks.request.decode(data);
    const end = Math.min(from - 1 + count, served);
    return REQUESTS.blocks.reply.encode({
      blocks: blocks.slice(from - 1, end).map((block) => Block.codec.encode(block)),
    });
  };
  const wire = { request, punish: (_peer: string, reason: string) => void punished.push(reason) } as unknown as Wire;
  sync = new Sync(
    {
      wire,
      client: createClient({ wire, clock: new VirtualClock() }),
      peers: { ranked: () => [PEER], get: status },
      events: new Emitter(),
      log: silentLog(),
      head: () => head,
      heaviest: () => head,
      recent: () => undefined,
      foresight: undefined,
      isExcusable: () => false,
      has: async (id) => known.has(hex(id)),
      importBlock: async ({ value: { header } }) => {
        known.add(hex(Header.id(header)));
        // One unit of work a block.
        if (header.height > head.height) head = { height: header.height, work: BigInt(header.height) };
        return ACCEPT;
      },
    },
    { signal: new AbortController().signal },
  );
});

async function look(): Promise<void> {
  sync.requestSync();
  await sync.idle();
}

describe("a peer whose chain is fetched", () => {
  it("may mine on meanwhile, again and again", async () => {
    claim = { height: 4, work: 4n };
    asked = () => {
      if (claim.height < blocks.length) claim = { height: claim.height + 1, work: claim.work + 1n };
    };
    for (let i = 0; i < 20; i++) await look();
    expect(head.height).toBe(blocks.length);
    expect(punished).toEqual([]);
  });

  it("may move to a heavier chain of which it has fewer blocks at that height", async () => {
    claim = { height: 10, work: 12n };
    // Before the last request is answered it stands elsewhere; what it says in the end, it brings.
    asked = () => {
      claim = { height: 13, work: 13n };
    };
    for (let i = 0; i < 5; i++) await look();
    expect(head.height).toBe(13);
    expect(punished).toEqual([]);
  });

  it("may lose its connection while it is asked, a few times in a row", async () => {
    claim = { height: 10, work: 10n };
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

  it("is punished when it goes on claiming what it does not bring", async () => {
    claim = { height: 10, work: 1000n };
    await look();
    expect(punished).toEqual([]);
    await look();
    expect(punished).toEqual(["claims more work than its blocks hold"]);
  });

  it("is punished as well when it claims more at every look", async () => {
    served = 10;
    claim = { height: 10, work: 1000n };
    asked = () => {
      claim = { height: 10, work: claim.work + 1n };
    };
    for (let i = 0; i < 30; i++) await look();
    expect(head.height).toBe(10);
    expect(punished.length).toBeGreaterThanOrEqual(3);
  });
});
