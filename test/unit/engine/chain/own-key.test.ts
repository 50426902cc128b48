// What the key signs is written down first: a disk that takes nothing makes it wait, and everybody is told; nothing is signed meanwhile.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, PouwError, Scope } from "../../../../src/base/index.ts";
import { Contribution, Header, RoundRecord } from "../../../../src/codec/index.ts";
import { OwnKey, winSlot } from "../../../../src/engine/chain/index.ts";
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
let events: Emitter<EngineEvents>;
let keySaid: string[];

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
  ownKey = new OwnKey({ key: { address: new Uint8Array(32) }, history, persistence, events, log: silentLog() });
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
  const signed = { author: own, leader: own, height: 9 } as unknown as Contribution & RoundRecord;
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

  it("and won on the chain is not signed a second time, though what was signed is lost", async () => {
    const header = { miner: own, height: 3, digest: id(4), nonce: 5n };
    const named = vi.spyOn(Header, "id").mockReturnValue(id(3) as ReturnType<typeof Header.id>);
    events.emit("head", { added: [{ header }], dropped: [] } as unknown as EngineEvents["head"]);
    named.mockRestore();
    const slot = winSlot(header);
    expect(await ownKey.claim({ slot, height: 3, id: id(6) })).toBe(false);
    expect(await ownKey.claim({ slot: winSlot({ ...header, nonce: 6n }), height: 3, id: id(6) })).toBe(true);
  });
});
