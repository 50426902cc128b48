// An author reads what is said of its own units: it knows the trace, so that a made-up one is found where nobody else attests.
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, type Hash32 } from "../../../../src/base/index.ts";
import { falseAttestation, type Seat, type State } from "../../../../src/chain/index.ts";
import { type Block, Contribution, type Evidence } from "../../../../src/codec/index.ts";
import { Auditor, type AuditorDeps } from "../../../../src/engine/audits/auditor.ts";
import type { EventBus, FinishedUnit } from "../../../../src/engine/events.ts";
import {
  allAudited,
  foundOf,
  keyOf,
  madeUpTrace,
  opened,
  rightWord,
  sealed,
  type Word,
} from "../../../support/audits.ts";
import { aContribution, aKey, alice, bob, carol, mineBlock } from "../../../support/chain.ts";
import { signal } from "../../../support/desk.ts";
import { settle } from "../../../support/virtual-clock.ts";

const { rules, state: genesis } = allAudited({ maturity: 9 });
const dave = aKey("dave");
const unit = aContribution(genesis, bob, {}, rules);
const recorded = mineBlock(genesis, dave, rules, { others: [unit] });

/** The state after the only attester of bob's unit opened a word. */
function said(word: Word): State {
  for (let index = 0; index < 5000; index += 50) {
    const drawn = mineBlock(recorded.state, dave, rules, { index }).state;
    const [seat, ...more] = drawn.seatsOf(1) as [Seat, ...Seat[]];
    const key = [alice, carol].find(({ address }) => seat.attester.every((byte, i) => byte === address[i]));
    if (more.length > 0 || key === undefined) continue;
    const reveal = opened({ ...seat, height: 1 }, word);
    const commits = [sealed(reveal, keyOf([alice, carol], seat.attester), rules)];
    return mineBlock(mineBlock(drawn, dave, rules, { commits }).state, dave, rules, { reveals: [reveal] }).state;
  }
  throw new Error("no such beacon");
}

/** What bob's node shows of a chain, and the units that it runs for it; it ran its own before, or has forgotten that. */
async function shown(state: State, remembers: boolean): Promise<{ shown: Evidence[]; runs: number }> {
  const events: EventBus = new Emitter();
  const held: Evidence[] = [];
  let runs = 0;
  const unitRuns = {
    canRun: () => true,
    run: async () => {
      runs++;
      return foundOf(genesis, unit);
    },
  };
  const deps = {
    ...{ key: bob, ledger: { state }, unitRuns, events, log: silentLog() },
    blocks: {
      canonical: async () => recorded.state.tipId as Hash32,
      block: async () => ({ value: recorded.block as Block }),
    },
    evidence: {
      hold: (piece: Evidence) => {
        held.push(piece);
        return { kind: "accept" };
      },
    },
    ...{ words: {}, bans: {}, outbox: { publish: () => undefined } },
  } as unknown as AuditorDeps;
  new Auditor({ rules, watches: false }, deps, { signal });
  const result = { trace: foundOf(genesis, unit).trace };
  if (remembers) events.emit("unit", { contribution: unit, result } as FinishedUnit);
  events.emit("head", { tip: { id: state.tipId, height: state.height, work: state.work }, added: [], dropped: [] });
  await settle();
  return { shown: held, runs };
}

describe("an author", () => {
  const lazy = said({ outcome: "valid", trace: madeUpTrace("lazy") });

  it("shows the word of an attester that was alone and made it up, without running anything", async () => {
    const { shown: pieces, runs } = await shown(lazy, true);
    expect(pieces.map(({ kind }) => kind)).toEqual([falseAttestation.tag]);
    const { contribution } = falseAttestation.payload.decode((pieces[0] as Evidence).payload);
    expect([Contribution.id(contribution), runs]).toEqual([Contribution.id(unit), 0]);
  });

  it("runs its unit once more where it has forgotten the trace", async () => {
    const { shown: pieces, runs } = await shown(lazy, false);
    expect([pieces.length, runs]).toEqual([1, 1]);
  });

  it("shows nothing of a word that is right", async () => {
    expect(await shown(said(rightWord(genesis, unit)), true)).toEqual({ shown: [], runs: 0 });
  });
});
