// Evidence that waits for a block: bounded, and the places are for offenders that have something to lose.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { finish, type Piece } from "../../../../src/base/index.ts";
import { doubleRecord } from "../../../../src/chain/index.ts";
import type { Evidence } from "../../../../src/codec/index.ts";
import type { KeyPair } from "../../../../src/crypto/index.ts";
import { EvidenceWatch } from "../../../../src/engine/chain/index.ts";
import type { EngineEvents } from "../../../../src/engine/events.ts";
import { TURN } from "../../../../src/engine/turns.ts";
import { onTask } from "../../../support/chain.ts";
import { aDesk, type Desk, firstPlace, worker } from "../../../support/desk.ts";
import { aUnit, type Place, recordAt } from "../../../support/forge.ts";
import { Sim, STAKED } from "../../../support/sim.ts";

let desk: Desk;
let place: Place;
let watch: EvidenceWatch;
beforeEach(async () => {
  desk = await aDesk();
  place = await firstPlace(desk);
  const { ledger, lab, events } = desk;
  watch = new EvidenceWatch(lab.network.rules, { events, state: () => ledger.state });
});

/** Two records of `key` for one round. */
function offends(key: KeyPair): void {
  const units = [aUnit(desk.lab, worker, place)];
  for (const change of [{}, { nextDigest: new Uint8Array(32) }])
    watch.noteRecord(recordAt(desk.lab, key, place, units, change));
}
const steps = (): ReturnType<EvidenceWatch["pending"]> =>
  watch.pending(onTask(desk.ledger.state, desk.lab.network.rules));
const pending = (): Evidence[] => finish(steps());

describe("evidence that waits", () => {
  it("is what the next block can carry", () => {
    offends(Sim.key("cheat"));
    expect(pending()).toHaveLength(1);
  });

  it("is not crowded out by offences of keys that have nothing to lose", () => {
    for (let i = 0; i < 64; i++) offends(Sim.key(`nobody ${i}`));
    expect(pending()).toHaveLength(0);
    offends(Sim.key("cheat"));
    expect(pending()).toHaveLength(1);
  });

  it("is decoded once, with the message that shows it, and looked at with a draft in pieces", () => {
    const decode = vi.spyOn(doubleRecord.payload, "decode");
    const names = STAKED.slice(0, 20);
    for (const [i, name] of names.entries()) {
      offends(Sim.key(name));
      expect(decode).toHaveBeenCalledTimes(i + 1);
    }
    const pieces: Piece[] = [];
    const work = steps();
    for (let next = work.next(); next.done !== true; next = work.next()) pieces.push(next.value);
    expect(decode).toHaveBeenCalledTimes(names.length);
    expect(pieces.length).toBeGreaterThanOrEqual(names.length);
    for (const piece of pieces) expect(piece).toBeLessThanOrEqual(TURN / 2);
    decode.mockRestore();
  });

  it("is found in what is young enough to be shown: what is older is forgotten with a new head", () => {
    const { ledger, lab, events } = desk;
    const units = [aUnit(lab, worker, place)];
    const key = Sim.key("cheat");
    const { evidenceBlocks } = lab.network.rules;
    const standsAt = (height: number): void => {
      const said = vi.spyOn(ledger.state, "height", "get").mockReturnValue(height);
      events.emit("head", { added: [], dropped: [], tip: ledger.head } as unknown as EngineEvents["head"]);
      said.mockRestore();
    };
    const first = recordAt(lab, key, place, units, {});
    const second = recordAt(lab, key, place, units, { nextDigest: new Uint8Array(32) });
    watch.noteRecord(first);
    standsAt(first.height + evidenceBlocks);
    expect(watch.noteRecord(second)).toBe("first");
    expect(pending()).toHaveLength(0);
    standsAt(first.height + evidenceBlocks - 1);
    expect(watch.noteRecord(first)).toBe("more");
    expect(pending()).toHaveLength(1);
  });

  it("stays when others of its kind come: the first are kept", () => {
    offends(Sim.key("cheat"));
    for (let i = 0; i < 64; i++) offends(Sim.key(`nobody ${i}`));
    expect(pending()).toHaveLength(1);
  });
});
