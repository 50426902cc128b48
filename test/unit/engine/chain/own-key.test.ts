// What the key signs is written down first: a disk that takes nothing makes it wait, and everybody is told; nothing is signed meanwhile.
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, PouwError, Scope } from "../../../../src/base/index.ts";
import { OwnKey } from "../../../../src/engine/chain/index.ts";
import type { EngineEvents } from "../../../../src/engine/events.ts";
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
  const events = new Emitter<EngineEvents>();
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
