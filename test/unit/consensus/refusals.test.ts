// Every refusal code, produced by one forged object beside an honest control that passes the same check.
import { describe, expect, it } from "vitest";
import type { Verdict } from "../../../src/base/index.ts";
import {
  type Applied,
  apply,
  checkTransfer,
  judgeDoubleBlock,
  judgeDoubleRecord,
  type Offence,
  type REFUSALS,
  type Refusal,
  type State,
} from "../../../src/chain/index.ts";
import {
  Attestation,
  type Block,
  Contribution,
  type RoundRecord,
  type Transfer,
  type UnsignedHeader,
} from "../../../src/codec/index.ts";
import {
  checkAttestation,
  checkBlock,
  checkContribution,
  checkHeader,
  checkRecord,
} from "../../../src/consensus/index.ts";
import { drawHash, firstNonce, noncesPerUnit, unitOfHeader } from "../../../src/work/index.ts";
import {
  aContribution,
  alice,
  aRecord,
  aTransfer,
  aWorld,
  bob,
  carol,
  doubleOf,
  forgeBlock,
  forgeBody,
  mineBlock,
  mineChain,
  someRecords,
  taskIn,
} from "../../support/chain.ts";

type Result = Verdict | Applied | Offence;
type Row = readonly [kind: Refusal["kind"], honest: () => Result, forged: () => Result];

const world = aWorld();
const { rules } = world;
const { states, blocks } = mineChain(world, 6, { miners: [alice, bob] });
/** At height 6, mined by bob. */
const parent = states[6] as State;
const records = someRecords(parent, bob, [alice, bob], 2, rules);
const first = records[0] as RoundRecord;
const { block, state: after } = mineBlock(parent, alice, rules, { records });
/** The same without records: its unit starts from the tip's own round. */
const bare = mineBlock(parent, alice, rules).block;
const now = block.header.time;
const zero = new Uint8Array(32);

const header = (change: Partial<UnsignedHeader>, of: Block = block): Result =>
  checkHeader(parent, forgeBlock(of, alice, rules, change).header, { now }, rules);
const headers = (change: Partial<UnsignedHeader>, of: Block = block): Row => [
  "reject",
  () => header({}, of),
  () => header(change, of),
];
const whole = (forged: Block): Result => checkBlock(parent, forged, { now }, rules);
const bodies = (make: () => Block): Row => ["reject", () => whole(block), () => whole(make())];

/** A header field set that names a draw of one unit which loses, or wins but is not the first to. */
function otherDraw(pick: "loses" | "wins later"): Partial<UnsignedHeader> {
  for (let index = 0; index < 1000; index++) {
    const honest = mineBlock(parent, alice, rules, { index }).block.header;
    for (let j = 0; j < noncesPerUnit(taskIn(rules), rules); j++) {
      const nonce = BigInt.asUintN(64, firstNonce(honest.digest) + BigInt(j));
      const wins = Buffer.compare(drawHash(unitOfHeader(parent.beacon, honest), nonce), parent.target) < 0;
      if (nonce !== honest.nonce && wins === (pick === "wins later")) return { ...honest, nonce };
    }
  }
  throw new Error("not found");
}

const honestContribution = aContribution(parent, carol, {}, rules);
const contribution = (change: Partial<Contribution>, on: State = parent): Result =>
  checkContribution(on, Contribution.sign({ ...honestContribution, ...change }, carol, rules.genesis), rules);
const contributions = (kind: Refusal["kind"], change: Partial<Contribution>): Row => [
  kind,
  () => contribution({}),
  () => contribution(change),
];
const recordOf = (change: Partial<RoundRecord>, leader = bob): Result =>
  checkRecord(parent, undefined, aRecord(parent, leader, first, rules, change), rules);
const recordsRow = (kind: Refusal["kind"], change: Partial<RoundRecord>, leader = bob): Row => [
  kind,
  () => recordOf({}),
  () => recordOf(change, leader),
];
const transfers = (kind: Refusal["kind"], change: Partial<Transfer>): Row => {
  const check = (fields: Partial<Transfer>): Result =>
    checkTransfer(after, aTransfer(after, alice, bob.address, 5n, fields), rules);
  return [kind, () => check({}), () => check(change)];
};

const evidence = { a: block.header, b: doubleOf(block, alice, rules) };
const punished = mineBlock(after, carol, rules, { doubleBlocks: [evidence] });
const verdict = (outcome: number): Result =>
  checkAttestation(
    Attestation.sign(
      { block: after.tipId, height: 7, outcome, digest: zero, verifier: carol.address },
      carol,
      rules.genesis,
    ),
    rules,
  );

const ROWS: { readonly [code in keyof typeof REFUSALS]: Row } = {
  "wrong-version": headers({ version: 2 }),
  "wrong-parent": headers({ parent: zero }),
  "wrong-height": headers({ height: 8 }),
  "time-not-after-parent": headers({ time: parent.time }),
  "time-in-future": [
    "ignore",
    () => header({ time: now + rules.maxFutureMs }),
    () => header({ time: now + rules.maxFutureMs + 1 }),
  ],
  "wrong-target": headers({ target: Uint8Array.from(parent.target, (byte, i) => (i === 0 ? 0x7f : byte)) }),
  "unknown-task": headers({ task: zero }),
  "wrong-start": headers({ startDigest: zero }, bare),
  "nonce-out-of-range": headers({ nonce: BigInt.asUintN(64, firstNonce(block.header.digest) + 64n) }),
  "draw-above-target": headers(otherDraw("loses")),
  "not-first-win": headers(otherDraw("wins later")),
  banned: [
    "reject",
    () => whole(block),
    () => checkHeader(punished.state, mineUnchecked(punished.state), { now: now + 10_000 }, rules),
  ],
  "bad-signature": [
    "reject",
    () => header({}),
    () => checkHeader(parent, { ...block.header, signature: new Uint8Array(64) }, { now }, rules),
  ],
  "wrong-body-root": bodies(() => ({ header: block.header, body: bare.body })),
  "block-too-large": bodies(() => {
    const many = Array.from({ length: 64 }, (_, index) => ({ ...honestContribution, index }));
    return forgeBody(parent, block, alice, rules, { records: Array(70).fill({ ...first, contributions: many }) });
  }),
  "wrong-contribution": bodies(() =>
    forgeBody(parent, block, alice, rules, { contribution: { ...block.body.contribution, index: 9999 } }),
  ),
  "wrong-round": bodies(() => forgeBody(parent, block, alice, rules, { records: [first] })),
  "stale-round": contributions("ignore", { round: honestContribution.round - 1 }),
  "unknown-round": contributions("ignore", { round: honestContribution.round + 1 }),
  "other-block": recordsRow("ignore", { block: zero }),
  "not-leader": recordsRow("reject", {}, carol),
  "wrong-previous": recordsRow("ignore", { parent: zero }),
  "empty-record": recordsRow("reject", { contributions: [] }),
  unordered: recordsRow("reject", { contributions: [...first.contributions].reverse() }),
  "unknown-codec": contributions("reject", { codec: 1 }),
  // Ten parameters make four bytes each at most.
  "delta-size": contributions("reject", { deltaBytes: 41 }),
  "height-ahead": contributions("ignore", { height: 7 }),
  "height-expired": contributions("ignore", { height: 2 }),
  "wrong-network": transfers("reject", { genesis: zero }),
  "zero-amount": transfers("reject", { amount: 0n }),
  "nonce-used": [
    "ignore",
    () => checkTransfer(paidOnce().before, paidOnce().transfer, rules),
    () => checkTransfer(paidOnce().after, paidOnce().transfer, rules),
  ],
  "nonce-ahead": transfers("ignore", { nonce: 1n }),
  "low-balance": transfers("ignore", { fee: 10_000_000n }),
  "no-offence": [
    "reject",
    () => judgeDoubleBlock(evidence, 8, rules),
    () => judgeDoubleBlock({ a: block.header, b: block.header }, 8, rules),
  ],
  "evidence-expired": [
    "reject",
    () => judgeDoubleBlock(evidence, 11, rules),
    () => judgeDoubleBlock(evidence, 12, rules),
  ],
  "evidence-ahead": ["reject", () => judgeDoubleBlock(evidence, 7, rules), () => judgeDoubleBlock(evidence, 6, rules)],
  "already-punished": [
    "reject",
    () => apply(after, punished.block, rules),
    () => {
      const again = mineBlock(punished.state, carol, rules).block;
      return checkBlock(
        punished.state,
        forgeBody(punished.state, again, carol, rules, { doubleBlocks: [evidence] }),
        { now: now + 10_000 },
        rules,
      );
    },
  ],
  "wrong-state-root": bodies(() => forgeBlock(block, alice, rules, { stateRoot: zero })),
  "bad-outcome": ["reject", () => verdict(2), () => verdict(3)],
};

/** A header of alice's that is right in all but her ban. */
function mineUnchecked(state: State): Block["header"] {
  const carols = mineBlock(state, carol, rules).block;
  for (let index = 0; index < 1000; index++) {
    const unit = aContribution(state, alice, { index }, rules);
    const fields = { ...carols.header, miner: alice.address, index, digest: unit.digest };
    for (let j = 0n; j < 64n; j++) {
      const nonce = BigInt.asUintN(64, firstNonce(unit.digest) + j);
      if (Buffer.compare(drawHash(unitOfHeader(state.beacon, fields), nonce), state.target) < 0)
        return forgeBlock({ ...carols, header: { ...fields, nonce } }, alice, rules, {}).header;
    }
  }
  throw new Error("not found");
}

function paidOnce(): { before: State; after: State; transfer: Transfer } {
  const transfer = aTransfer(parent, alice, bob.address, 5n);
  return { before: parent, after: mineBlock(parent, carol, rules, { transactions: [transfer] }).state, transfer };
}

describe("every refusal", () => {
  it.each(Object.entries(ROWS))("%s", (code, [kind, honest, forged]) => {
    expect(["accept", "state", "offence"]).toContain(honest().kind);
    expect(forged()).toMatchObject({ kind, code });
  });

  it("an offence of another kind is shown alike", () => {
    const other = aRecord(parent, bob, { contributions: [honestContribution] }, rules);
    expect(judgeDoubleRecord({ a: first, b: other }, 7, rules)).toMatchObject({
      kind: "offence",
      offender: bob.address,
    });
  });

  it("blocks of the honest chain pass", () => {
    for (const [i, honest] of blocks.entries())
      expect(checkBlock(states[i] as State, honest, {}, rules)).toMatchObject({ kind: "state" });
  });
});
