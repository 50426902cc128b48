// Every refusal code, produced by one forged object beside an honest control that passes the same check.
import { describe, expect, it } from "vitest";
import { allRefusals, type REFUSALS, type Refusal } from "../../../src/base/index.ts";
import {
  apply,
  checkTransaction,
  doubleBlock,
  doubleRecord,
  evidenceOf,
  type State,
} from "../../../src/chain/index.ts";
import {
  Attestation,
  Block,
  Contribution,
  MAX_BLOCK_BYTES,
  type RoundRecord,
  Transaction,
  type UnsignedHeader,
} from "../../../src/codec/index.ts";
import {
  checkAttestation,
  checkBlock,
  checkHeader,
  checkShape,
  type Draft,
  draftBlock,
  Recorded,
} from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import {
  checkNext,
  checkNonces,
  checkUnit,
  drawHash,
  firstNonce,
  noncesPerUnit,
  unitOfHeader,
  winningOf,
} from "../../../src/work/index.ts";
import { AUDIT_ROWS, type Result, type Row } from "../../support/audit-rows.ts";
import {
  aContribution,
  aKey,
  alice,
  aRecord,
  aStake,
  aTransfer,
  aWorld,
  bob,
  carol,
  checkContributionOn,
  checkRecordOn,
  doubleOf,
  forgeBlock,
  forgeBody,
  mineBlock,
  mineChain,
  STAKE,
  STAKES,
  someRecords,
  taskIn,
  winningParts,
} from "../../support/chain.ts";

const world = aWorld(STAKES);
const { rules } = world;
const { states, blocks } = mineChain(world, 6, { miners: [alice, bob] });
/** At height 6, mined by bob. */
const parent = states[6] as State;
const records = someRecords(parent, bob, [alice, bob], 2, rules);
const first = records[0] as RoundRecord;
const { block, state: after } = mineBlock(parent, alice, rules, { records });
const winning = winningOf(block) as Contribution;
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

/** A header field set that names a draw of one unit which loses, or wins but is not the lowest. */
function otherDraw(pick: "loses" | "wins too"): Partial<UnsignedHeader> {
  for (let index = 0; index < 1000; index++) {
    const honest = mineBlock(parent, alice, rules, { index }).block.header;
    for (let j = 0; j < noncesPerUnit(taskIn(rules), rules); j++) {
      const nonce = BigInt.asUintN(64, firstNonce(honest.digest) + BigInt(j));
      const wins = Buffer.compare(drawHash(unitOfHeader(parent.beacon, honest), nonce), parent.target) < 0;
      if (nonce !== honest.nonce && wins === (pick === "wins too")) return { ...honest, nonce };
    }
  }
  throw new Error("not found");
}

const honestContribution = aContribution(parent, carol, {}, rules);
const contribution = (change: Partial<Contribution>, on: State = parent): Result =>
  checkContributionOn(on, Contribution.sign({ ...honestContribution, ...change }, carol, rules.genesis), rules);
const contributions = (kind: Refusal["kind"], change: Partial<Contribution>): Row => [
  kind,
  () => contribution({}),
  () => contribution(change),
];
const recordOf = (change: Partial<RoundRecord>, leader = bob): Result =>
  checkRecordOn(parent, undefined, aRecord(parent, leader, first, rules, change), rules);
const recordsRow = (kind: Refusal["kind"], change: Partial<RoundRecord>, leader = bob): Row => [
  kind,
  () => recordOf({}),
  () => recordOf(change, leader),
];
type Fields = NonNullable<Parameters<typeof aTransfer>[4]>;
const transactions = (kind: Refusal["kind"], change: Fields): Row => {
  const check = (fields: Fields): Result =>
    checkTransaction(after, aTransfer(after, alice, bob.address, 5n, fields), rules);
  return [kind, () => check({}), () => check(change)];
};

const evidence = { a: block.header, b: doubleOf(block, alice, rules) };
const punished = mineBlock(after, carol, rules, { evidence: [evidenceOf(doubleBlock, evidence)] });
const verdict = (outcome: number): Result =>
  checkAttestation(
    Attestation.sign(
      { block: after.tipId, height: 7, outcome, digest: zero, verifier: carol.address },
      carol,
      rules.genesis,
    ),
    rules,
  );

/** Codes of the rooms above, which have no pure check of their own: shown by the tests of the engine and of attacks. */
const ABOVE = [
  ...(["unknown-parent", "old-parent", "no-block", "forged-before", "forged-parent", "not-checked"] as const),
  ...(["second-record", "bad-delta", "wrong-delta", "no-delta", "no-parameters", "not-followed"] as const),
  ...([
    "nonce-taken",
    "low-fee",
    "mempool-full",
    "known",
    "full",
    "far-height",
    "no-say",
    "closing",
    "failed",
  ] as const),
] as const;
type Above = (typeof ABOVE)[number];

type Declared = "zero-amount" | "below-account-fee" | "low-stake";

/** Every code of the table that is not of a room above, and those that the kinds of transaction declare. */
const ROWS: { readonly [code in Exclude<keyof typeof REFUSALS, Above> | Declared]: Row } = {
  "wrong-version": headers({ version: 3 }),
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
  "idle-unit": headers({ digest: block.header.startDigest }),
  "nonce-out-of-range": headers({ nonce: BigInt.asUintN(64, firstNonce(block.header.digest) + 64n) }),
  "draw-above-target": headers(otherDraw("loses")),
  "not-lowest-draw": headers(otherDraw("wins too")),
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
  "block-too-large": ["reject", () => shapeOf(64), () => shapeOf(65)],
  // Twenty-eight full records and a closing one are half a block.
  "too-many-records": ["reject", () => draftOf(28), () => draftOf(29)],
  "wrong-contribution": bodies(() =>
    forgeBody(parent, block, alice, rules, {
      closing: { ...block.body.closing, contributions: [{ ...winning, index: 9999 }] },
    }),
  ),
  "wrong-round": bodies(() => forgeBody(parent, block, alice, rules, { records: [first] })),
  "stale-round": contributions("ignore", { round: honestContribution.round - 8 }),
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
  "height-expired": contributions("ignore", { height: 3 }),
  "other-branch": contributions("ignore", { block: zero }),
  "already-recorded": recordsOn("ignore", (unit) => [unit, unit]),
  "low-collateral": ["ignore", () => contribution({}), () => byStranger()],
  "not-admitted": ["ignore", () => crowded(1), () => crowded(1000)],
  "too-many": ["ignore", () => takenOf(8), () => takenOf(9)],
  "unknown-kind": transactions("reject", { kind: 200 }),
  "bad-encoding": [
    "reject",
    () => checkTransaction(after, aTransfer(after, alice, bob.address, 5n), rules),
    () => {
      const { signature: _, ...honest } = aTransfer(after, alice, bob.address, 5n);
      const cut = Transaction.sign({ ...honest, payload: honest.payload.subarray(1) }, alice, rules.genesis);
      return checkTransaction(after, cut, rules);
    },
  ],
  "task-without-nonces": [
    "reject",
    () => checkNonces(taskIn(rules), rules),
    () => checkNonces({ ...taskIn(rules), steps: 0 }, rules),
  ],
  "forged-unit": ["reject", () => checkUnit(winning, winning), () => checkUnit(winning, { ...winning, digest: zero })],
  "forged-delta": [
    "reject",
    () => checkUnit(winning, winning),
    () => checkUnit(winning, { ...winning, deltaHash: zero }),
  ],
  "wrong-next": ["reject", () => checkNext(first, first.nextDigest), () => checkNext(first, zero)],
  "wrong-network": transactions("reject", { genesis: zero }),
  "zero-amount": transactions("reject", { amount: 0n }),
  "below-account-fee": [
    "ignore",
    () => checkTransaction(after, aTransfer(after, alice, aKey("new").address, 20n), { ...rules, accountFee: 10n }),
    () => checkTransaction(after, aTransfer(after, alice, aKey("new").address, 19n), { ...rules, accountFee: 10n }),
  ],
  "low-stake": [
    "ignore",
    () => checkTransaction(after, aStake(after, alice, "stake", 1n), rules),
    () => checkTransaction(after, aStake(after, alice, "unstake", 2n * STAKE), rules),
  ],
  "nonce-used": [
    "ignore",
    () => checkTransaction(paidOnce().before, paidOnce().transfer, rules),
    () => checkTransaction(paidOnce().after, paidOnce().transfer, rules),
  ],
  "nonce-ahead": transactions("ignore", { nonce: 1n }),
  "low-balance": transactions("ignore", { fee: 10_000_000n }),
  "no-offence": [
    "reject",
    () => doubleBlock.judge(evidence, { height: 8 }, rules),
    () => doubleBlock.judge({ a: block.header, b: block.header }, { height: 8 }, rules),
  ],
  "evidence-expired": [
    "reject",
    () => doubleBlock.judge(evidence, { height: 11 }, rules),
    () => doubleBlock.judge(evidence, { height: 12 }, rules),
  ],
  "evidence-ahead": [
    "reject",
    () => doubleBlock.judge(evidence, { height: 7 }, rules),
    () => doubleBlock.judge(evidence, { height: 6 }, rules),
  ],
  "already-punished": [
    "reject",
    () => apply(after, punished.block, rules),
    () => {
      const again = mineBlock(punished.state, carol, rules).block;
      return checkBlock(
        punished.state,
        forgeBody(punished.state, again, carol, rules, { evidence: [evidenceOf(doubleBlock, evidence)] }),
        { now: now + 10_000 },
        rules,
      );
    },
  ],
  "nothing-to-lose": [
    "reject",
    () => accused(alice),
    // Its blocks are of another branch: this one owes it nothing.
    () => accused(aKey("stranger")),
  ],
  "wrong-state-root": bodies(() => forgeBlock(block, alice, rules, { stateRoot: zero })),
  "bad-outcome": ["reject", () => verdict(1), () => verdict(2)],
  ...AUDIT_ROWS,
};

/** A draft with evidence of two blocks that a key made of one win on another branch. */
function accused(key: KeyPair): Result {
  const theirs = mineBlock(after, key, rules).block;
  const shown = evidenceOf(doubleBlock, { a: theirs.header, b: doubleOf(theirs, key, rules) });
  return draftBlock(after, winningParts(after, carol, { evidence: [shown] }, rules), rules);
}

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

/** A record of so many contributions, before anything in them is looked at. */
const shapeOf = (count: number): Result =>
  checkShape({
    task: taskIn(rules).id,
    contributions: Array.from({ length: count }, (_, index) => ({ ...honestContribution, index })),
  });

/** A contribution of somebody without stake. */
const byStranger = (): Result => checkContributionOn(parent, aContribution(parent, aKey("stranger"), {}, rules), rules);

/** A contribution on a chain that expects so many thousand units a block: of many, some are not admitted. */
function crowded(thousands: number): Result {
  const target = `00${(0x0ffffn / BigInt(thousands)).toString(16).padStart(5, "0")}${"f".repeat(57)}`;
  const { rules: busy, state } = aWorld({ ...STAKES, target });
  const judge = (index: number): Result =>
    checkContributionOn(state, aContribution(state, carol, { index }, busy), busy);
  const verdicts = Array.from({ length: 12 }, (_, index) => judge(index));
  return verdicts.find(({ kind }) => kind !== "accept") ?? (verdicts[0] as Result);
}

/** The last of `count` contributions of a key with the least collateral. */
function takenOf(count: number): Result {
  const least = { address: Buffer.from(carol.address).toString("hex"), amount: "0", stake: `${rules.minCollateral}` };
  const { rules: poor, state } = aWorld({ allocations: [least] });
  const recorded = new Recorded(state, poor);
  const verdicts = Array.from({ length: count }, (_, index) =>
    recorded.take(aContribution(state, carol, { index }, poor)),
  );
  return verdicts.at(-1) as Result;
}

/** Units offered to the records of one tip, one after the other: the verdict on the last. */
function recordsOn(kind: Refusal["kind"], offered: (unit: Contribution) => readonly Contribution[]): Row {
  const last = (units: readonly Contribution[]): Result => {
    const recorded = new Recorded(parent, rules);
    return units.map((unit) => recorded.take(unit)).at(-1) as Result;
  };
  return [kind, () => last([honestContribution]), () => last(offered(honestContribution))];
}

/** A draft with `count` records of 64 contributions each. */
function draftOf(count: number): Draft | Refusal {
  const full: RoundRecord[] = [];
  for (let i = 0; i < count; i++) {
    const previous = full.at(-1);
    const units = Array.from({ length: 64 }, (_, index) => aContribution(parent, carol, { previous, index }, rules));
    full.push(aRecord(parent, bob, { previous, contributions: units }, rules));
  }
  return draftBlock(parent, winningParts(parent, alice, { records: full }, rules), rules);
}

function paidOnce(): { before: State; after: State; transfer: Transaction } {
  const transfer = aTransfer(parent, alice, bob.address, 5n);
  return { before: parent, after: mineBlock(parent, carol, rules, { transactions: [transfer] }).state, transfer };
}

describe("every refusal", () => {
  it("has a row here, or is a room's above", () => {
    expect([...Object.keys(ROWS), ...ABOVE].sort()).toEqual([...allRefusals().keys()].sort());
  });

  it.each(Object.entries(ROWS))("%s", (code, [kind, honest, forged]) => {
    expect(["accept", "state", "offence", "offences", "draft"]).toContain(honest().kind);
    expect(forged()).toMatchObject({ kind, code });
  });

  it("a block above the limit is not even read", () => {
    const many = Array.from({ length: 64 }, (_, index) => ({ ...honestContribution, index }));
    const forged = forgeBody(parent, block, alice, rules, {
      records: Array(70).fill({ ...first, contributions: many }),
    });
    const bytes = Block.codec.encode(forged);
    expect(bytes.length).toBeGreaterThan(MAX_BLOCK_BYTES);
    expect(() => Block.read(bytes)).toThrow(/at most 1048576 allowed/);
  });

  it("an offence of another kind is shown alike", () => {
    const other = aRecord(parent, bob, { contributions: [honestContribution] }, rules);
    expect(doubleRecord.judge({ a: first, b: other }, { height: 7 }, rules)).toMatchObject({
      kind: "offence",
      offender: bob.address,
    });
  });

  it("blocks of the honest chain pass", () => {
    for (const [i, honest] of blocks.entries())
      expect(checkBlock(states[i] as State, honest, {}, rules)).toMatchObject({ kind: "state" });
  });
});
