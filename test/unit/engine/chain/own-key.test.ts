// What the key signs is written down first: a disk that takes nothing makes it wait, and everybody is told; nothing is signed meanwhile.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, fromBigInt, PouwError, Scope } from "../../../../src/base/index.ts";
import { Contribution, Header, type PeerStatus, RoundRecord } from "../../../../src/codec/index.ts";
import {
  OwnKey,
  type OwnKeyDeps,
  type OwnKeyOptions,
  recordSlot,
  winSlot,
} from "../../../../src/engine/chain/index.ts";
import type { EngineEvents } from "../../../../src/engine/events.ts";
import { type Origin, OWN } from "../../../../src/engine/origin.ts";
import { Persistence } from "../../../../src/engine/storage/index.ts";
import { memoryHistory } from "../../../../src/node/parts/signed-file.ts";
import type { SigningHistory } from "../../../../src/ports/index.ts";
import { settle, VirtualClock } from "../../../support/virtual-clock.ts";

const WIN = { slot: "win/1/aa/1", height: 1, id: new Uint8Array(32).fill(1) };

let full: boolean;
let clock: VirtualClock;
let scope: Scope;
let told: (string | undefined)[];
let ownKey: OwnKey;
let made: (options: OwnKeyOptions) => OwnKey;
let events: Emitter<EngineEvents>;
let keySaid: string[];
/** Who is connected, and the work that it claims. */
let others: { [peer: string]: bigint };
let asked: string[];

beforeEach(() => {
  full = true;
  told = [];
  clock = new VirtualClock();
  scope = new Scope();
  const held = memoryHistory();
  const history: SigningHistory = {
    top: 0,
    has: (id) => held.has(id),
    claim: (signed) =>
      full ? Promise.reject(new PouwError("STORE_FAILED", "There is no room left.")) : held.claim(signed),
  };
  events = new Emitter<EngineEvents>();
  keySaid = [];
  events.on("key", ({ sentence }) => keySaid.push(sentence));
  events.on("store", ({ fault }) => told.push(fault?.sentence));
  const persistence = new Persistence({ events, clock, log: silentLog() }, scope);
  const key = { address: new Uint8Array(32) };
  asked = [];
  others = {};
  const peers: OwnKeyDeps["peers"] = {
    ranked: () => Object.keys(others),
    get: (peer) => ({ work: fromBigInt(others[peer] ?? 0n, 32) }) as PeerStatus,
    greet: async (peer) => void asked.push(`${peer} at ${clock.now()}`),
  };
  made = (options) => new OwnKey(options, { key, history, persistence, events, peers, clock, log: silentLog() }, scope);
  ownKey = made({});
});

describe("a disk that does not take what the key signs", () => {
  it("is waited for, and said once", async () => {
    let granted: boolean | undefined;
    void ownKey.claim(WIN).then((is) => {
      granted = is;
    });
    await clock.run(3_600_000);
    expect([granted, ownKey.mayLead(WIN.id), told]).toEqual([undefined, false, ["There is no room left."]]);
    full = false;
    await clock.run(60_000);
    expect([granted, ownKey.mayLead(WIN.id), told]).toEqual([true, true, ["There is no room left.", undefined]]);
    expect(await ownKey.claim({ ...WIN, id: new Uint8Array(32).fill(2) })).toBe(false);
  });

  it("grants nothing when the node stops", async () => {
    const claim = ownKey.claim(WIN).catch((error: PouwError) => error.code);
    await settle();
    await scope.close();
    expect(await claim).toBe("CLOSED");
  });
});

describe("what else appears under the key", () => {
  const own = new Uint8Array(32);
  const id = (n: number): Uint8Array => new Uint8Array(32).fill(n);
  const seen = (height: number, n: number): void =>
    events.emit("pending", { miner: own, height, id: id(n) } as unknown as EngineEvents["pending"]);
  const peer: Origin = { kind: "peer", from: "p", author: "p" };
  const signed = {
    author: own,
    leader: own,
    height: 9,
    block: id(1),
    task: id(2),
    round: 1,
  } as unknown as Contribution & RoundRecord;
  beforeEach(() => {
    full = false;
  });

  it("above all that was here when training began was made elsewhere: nothing is signed, and nobody led, any more; said once", async () => {
    expect(await ownKey.claim(WIN)).toBe(true);
    ownKey.begin(5);
    seen(6, 7);
    seen(7, 8);
    expect(keySaid).toEqual([expect.stringMatching(/^Another node signs with this node's key \(a block at height 6/)]);
    expect([ownKey.isElsewhere, ownKey.mayLead(WIN.id), await ownKey.claim(WIN)]).toEqual([true, false, false]);
  });

  it("is its own where it was made here, of its past, of others, or told before training began", async () => {
    seen(9, 7);
    ownKey.begin(5);
    // What is begun twice began the first time.
    ownKey.begin(50);
    seen(5, 7);
    expect(await ownKey.claim({ slot: "win/6/bb/1", height: 6, id: id(8) })).toBe(true);
    seen(6, 8);
    events.emit("pending", { miner: id(1), height: 9, id: id(9) } as unknown as EngineEvents["pending"]);
    events.emit("record", { record: signed, origin: OWN } as unknown as EngineEvents["record"]);
    events.emit("contribution", { contribution: signed, origin: OWN } as unknown as EngineEvents["contribution"]);
    expect([keySaid, ownKey.isElsewhere, ownKey.mayLead(id(8)), ownKey.mayLead(id(7))]).toEqual([
      [],
      false,
      true,
      false,
    ]);
    seen(6, 9);
    expect(keySaid).toHaveLength(1);
  });

  it("may be a header, before its block is here", () => {
    ownKey.begin(5);
    const named = vi.spyOn(Header, "id").mockReturnValue(id(7) as ReturnType<typeof Header.id>);
    ownKey.noteHeader({ miner: id(1), height: 6 } as unknown as Header);
    expect(ownKey.isElsewhere).toBe(false);
    ownKey.noteHeader({ miner: own, height: 6 } as unknown as Header);
    named.mockRestore();
    expect(ownKey.isElsewhere).toBe(true);
  });

  it.each(["record", "contribution"] as const)("may be a %s that a peer brings", (what) => {
    ownKey.begin(5);
    const ids = [vi.spyOn(RoundRecord, "id"), vi.spyOn(Contribution, "id")];
    for (const spy of ids) spy.mockReturnValue(id(7) as ReturnType<typeof RoundRecord.id>);
    events.emit(what, { [what]: signed, origin: peer } as never);
    for (const spy of ids) spy.mockRestore();
    expect(keySaid).toEqual([
      expect.stringMatching(what === "record" ? /\(a record at height 9/ : /\(a unit at height 9/),
    ]);
  });

  it("is waited for before a record is signed, until the first win; what it signed is not signed here", async () => {
    const waits = [300, 400, 500, 600];
    others = { a: 0n, b: 0n };
    ownKey = made({ firstWaitMs: () => waits.shift() as number });
    ownKey.begin(5);
    const signed = async (kind: "win" | "record", height: number, n: number): Promise<[boolean, number]> => {
      const began = clock.now();
      let granted: boolean | undefined;
      const listening = kind === "record" ? ownKey.listen() : undefined;
      void Promise.resolve(listening)
        .then(() => ownKey.claim({ slot: `${kind}/${height}/aa/${n}`, height, id: id(n) }))
        .then((is) => {
          granted = is;
        });
      await clock.run(10_000, () => granted !== undefined);
      return [granted as boolean, clock.now() - began];
    };
    expect(await signed("record", 5, 1)).toEqual([true, 300]);
    // A win of a block that was here when training began is of its past: whoever else has the key goes on.
    expect(await signed("win", 5, 2)).toEqual([true, 0]);
    expect(await signed("record", 6, 3)).toEqual([true, 400]);
    expect(await signed("win", 7, 4)).toEqual([true, 0]);
    expect(await signed("record", 7, 5)).toEqual([true, 0]);
    // Whatever was signed before gossip came here, they have.
    expect(asked).toEqual(["a at 300", "b at 300", "a at 700", "b at 700"]);
    ownKey = made({ firstWaitMs: () => waits.shift() as number });
    ownKey.begin(7);
    clock.after(499, () => seen(8, 9));
    expect(await signed("record", 8, 6)).toEqual([false, 500]);
    expect(await signed("win", 8, 7)).toEqual([false, 0]);
    expect(waits).toEqual([600]);
  });

  it("is waited for a second longer where somebody is ahead, and not at all where nobody is there", async () => {
    ownKey = made({ firstWaitMs: () => 300 });
    const listened = async (): Promise<number> => {
      const began = clock.now();
      await ownKey.listen();
      return clock.now() - began;
    };
    expect(await listened()).toBe(0);
    others = { a: 7n };
    events.emit("head", { tip: { work: 6n }, added: [], dropped: [] } as unknown as EngineEvents["head"]);
    const ahead = listened();
    await clock.run(10_000);
    events.emit("head", { tip: { work: 7n }, added: [], dropped: [] } as unknown as EngineEvents["head"]);
    const level = listened();
    await clock.run(10_000);
    expect([await ahead, await level]).toEqual([1300, 300]);
  });

  it("is not waited for by a node that stops: it signs nothing then", async () => {
    others = { a: 0n };
    ownKey = made({ firstWaitMs: () => 300 });
    const claim = ownKey.listen().then(() => ownKey.claim(WIN));
    await settle();
    await scope.close();
    expect([await claim, clock.now()]).toEqual([false, 0]);
  });

  it("may be a record on a block of its own: then it leads there no more", async () => {
    const [block, other] = [id(1), id(2)];
    for (const one of [block, other])
      expect(await ownKey.claim({ ...WIN, slot: `win/1/aa/${one[0]}`, id: one })).toBe(true);
    expect([ownKey.mayLead(block), ownKey.mayLead(other)]).toEqual([true, true]);
    ownKey.begin(5);
    const record = { leader: own, height: 1, block, task: id(3), round: 4 } as unknown as RoundRecord;
    const named = vi.spyOn(RoundRecord, "id").mockReturnValue(id(7) as ReturnType<typeof RoundRecord.id>);
    events.emit("record", { record, origin: OWN } as unknown as EngineEvents["record"]);
    expect(ownKey.mayLead(block)).toBe(true);
    events.emit("record", { record, origin: peer } as unknown as EngineEvents["record"]);
    named.mockRestore();
    // It may be of its past, so mining goes on.
    expect([ownKey.mayLead(block), ownKey.mayLead(other), ownKey.isElsewhere]).toEqual([false, true, false]);
    expect(await ownKey.claim({ slot: recordSlot(record), height: 1, id: id(8) })).toBe(false);
  });

  it("and won on the chain is not signed a second time, though what was signed is lost", async () => {
    const header = { miner: own, height: 3, digest: id(4), nonce: 5n };
    const named = vi.spyOn(Header, "id").mockReturnValue(id(3) as ReturnType<typeof Header.id>);
    events.emit("head", { tip: { work: 1n }, added: [{ header }], dropped: [] } as unknown as EngineEvents["head"]);
    named.mockRestore();
    const slot = winSlot(header);
    expect(await ownKey.claim({ slot, height: 3, id: id(6) })).toBe(false);
    expect(await ownKey.claim({ slot: winSlot({ ...header, nonce: 6n }), height: 3, id: id(6) })).toBe(true);
  });
});
