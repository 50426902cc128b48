// The draw of audits and of their attesters: by the beacon alone, at the rate, by stake, and never who must not attest.
import { describe, expect, it } from "vitest";
import { bytesEqual, toHex } from "../../../src/base/index.ts";
import { drawAudits } from "../../../src/chain/audits/draw.ts";
import { doubleBlock, evidenceOf, type Rules, type Seat, type State } from "../../../src/chain/index.ts";
import { RecordedListType, SeatsType } from "../../../src/chain/state/state-type.ts";
import { WorkingState } from "../../../src/chain/state/working-state.ts";
import { Contribution, MAX_BLOCK_BYTES } from "../../../src/codec/index.ts";
import { type KeyPair, taggedHash } from "../../../src/crypto/index.ts";
import { allAudited, recording } from "../../support/audits.ts";
import { aContribution, aKey, alice, aStake, aWorld, bob, carol, doubleOf, mineBlock } from "../../support/chain.ts";
import { decodeState, encodeState } from "../../support/state-bytes.ts";

const stranger = aKey("stranger").address;
const beacon = taggedHash("test beacon");
const people = ["one", "two", "three", "four"].map(aKey);
const allocate = (stakes: readonly (readonly [KeyPair, bigint])[]) =>
  stakes.map(([{ address }, stake]) => ({ address: toHex(address), amount: "0", stake: `${stake}` }));

/** A state whose tip recorded `units` of a stranger; who else has stakes is told. */
function drawing(units: number, stakes: readonly bigint[], change: object = {}): { state: State; rules: Rules } {
  const allocations = allocate(stakes.map((stake, i) => [people[i] as KeyPair, stake]));
  const { rules, state } = aWorld({ allocations, auditOneIn: 1, ...change });
  // A block whose winner has stake, so that the stake of nobody new counts.
  return { rules, state: recording(mineBlock(state, people[0] as KeyPair, rules).state, units, stranger) };
}
/** The seats of each audit, in the order of the draw. */
function byAudit(seats: readonly Seat[]): Seat[][] {
  const audits = new Map<string, Seat[]>();
  for (const seat of seats) audits.set(toHex(seat.audit), [...(audits.get(toHex(seat.audit)) ?? []), seat]);
  return [...audits.values()];
}
/** Whether a count of `of` trials is as a chance of `p` gives it, within four standard deviations. */
const near = (count: number, of: number, p: number): void =>
  expect(Math.abs(count - of * p)).toBeLessThan(4 * Math.sqrt(of * p * (1 - p)));

describe("the draw of audits", () => {
  it("takes one unit in Q, and one audit in eight has twice the attesters", () => {
    for (const auditOneIn of [1, 4, 16]) {
      const { state, rules } = drawing(6000, [700n, 700n, 700n, 700n], { auditOneIn });
      const audits = byAudit(drawAudits(state, beacon, rules));
      if (auditOneIn === 1) expect(audits).toHaveLength(6000);
      else near(audits.length, 6000, 1 / auditOneIn);
      expect(audits.every(({ length }) => length === 1 || length === 2)).toBe(true);
      near(audits.filter(({ length }) => length === 2).length, audits.length, 1 / 8);
    }
  });

  it("gives k attesters, in one audit of eight 2k, as far as there are enough", () => {
    const { state, rules } = drawing(400, [700n, 700n, 700n, 700n], { attesters: 3 });
    const audits = byAudit(drawAudits(state, beacon, rules));
    expect(new Set(audits.map(({ length }) => length))).toEqual(new Set([3, 4]));
    near(audits.filter(({ length }) => length === 4).length, 400, 1 / 8);
  });

  it("follows from the state and the beacon alone", () => {
    const { state, rules } = drawing(300, [700n, 100n, 30n], { auditOneIn: 4 });
    const seats = drawAudits(state, beacon, rules);
    expect(drawAudits(state, beacon, rules)).toEqual(seats);
    expect(drawAudits(decodeState(encodeState(state)), beacon, rules)).toEqual(seats);
    const other = drawAudits(state, taggedHash("another beacon"), rules);
    expect(byAudit(other).map(([seat]) => seat?.audit)).not.toEqual(byAudit(seats).map(([seat]) => seat?.audit));
  });

  it.each([
    ["no more than a 64th of what its attester has at stake", 700n],
    ["whole for who has more", 1_000_000n],
  ])("gives every seat blank, with what the block recorded: pay %s", (_what, stake) => {
    const { state, rules } = drawing(3, [stake]);
    const zero = new Uint8Array(32);
    const [one] = people as [KeyPair];
    const most = state.collateralOf(one.address) / 64n;
    expect(state.recordedIn(1).some(({ pay }) => pay > most)).toBe(stake === 700n);
    expect(drawAudits(state, beacon, rules)).toEqual(
      state.recordedIn(1).map(({ contribution, author, pay }) => ({
        ...{ audit: contribution, author, attester: one.address, pay: pay < most ? pay : most },
        ...{ commitment: zero, outcome: 255, trace: zero },
      })),
    );
  });
});

/** Section 5 again, word by word and slowly: which seats `beacon` draws among what `state`'s tip recorded. */
function slowly(state: State, rules: Rules): [string, string][] {
  const seats: [string, string][] = [];
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
  for (const { unit, contribution, author } of state.recordedIn(state.height)) {
    const lot = taggedHash("audit", beacon, unit);
    if (number(lot.slice(0, 8)) % BigInt(rules.auditOneIn) !== 0n) continue;
    const count = rules.attesters * (number(lot.slice(8, 16)) % 8n === 0n ? 2 : 1);
    const places = state
      .accounts()
      .filter(({ address, stake }) => stake >= rules.minCollateral && toHex(address) !== toHex(author))
      .sort((a, b) => (toHex(a.address) < toHex(b.address) ? -1 : 1));
    for (let j = 0; j < count && places.length > 0; j++) {
      const all = places.reduce((sum, { stake }) => sum + stake, 0n);
      let point = number(taggedHash("attester", beacon, contribution, Uint8Array.of(0, 0, 0, j))) % all;
      let at = 0;
      for (; point >= (places[at]?.stake ?? 0n); at++) point -= places[at]?.stake ?? 0n;
      seats.push([toHex(contribution), toHex(places.splice(at, 1)[0]?.address ?? author)]);
    }
  }
  return seats;
}

describe("the draw", () => {
  it("is the one that the protocol describes", () => {
    const { state, rules } = drawing(300, [700n, 100n, 30n, 44n], { auditOneIn: 3, attesters: 2 });
    const drawn = drawAudits(state, beacon, rules).map(({ audit, attester }) => [toHex(audit), toHex(attester)]);
    expect(drawn).toEqual(slowly(state, rules));
    expect(drawn.length).toBeGreaterThan(150);
  });
});

describe("attesters", () => {
  it("are drawn by stake", () => {
    // The winner's part makes the first stake 400.
    const { state, rules } = drawing(6000, [100n, 300n, 200n, 100n], { attesters: 1 });
    const first = byAudit(drawAudits(state, beacon, rules)).map(([seat]) => toHex((seat as Seat).attester));
    for (const [i, share] of [0.4, 0.3, 0.2, 0.1].entries())
      near(first.filter((name) => name === toHex((people[i] as KeyPair).address)).length, 6000, share);
  });

  it("are drawn without replacement, and by stake among those left", () => {
    const { state, rules } = drawing(6000, [100n, 300n, 200n, 100n], { attesters: 2 });
    const audits = byAudit(drawAudits(state, beacon, rules));
    for (const seats of audits) expect(new Set(seats.map(({ attester }) => toHex(attester))).size).toBe(seats.length);
    const [one, two] = people as [KeyPair, KeyPair];
    const afterOne = audits.filter(([seat]) => bytesEqual((seat as Seat).attester, one.address));
    near(afterOne.filter(([, seat]) => bytesEqual((seat as Seat).attester, two.address)).length, afterOne.length, 0.5);
  });

  it("are never the author, and where nobody else is there is no audit", () => {
    const { rules, state } = drawing(0, [700n, 500n], { attesters: 4 });
    const [one, two] = people as [KeyPair, KeyPair];
    for (const [author, other] of [
      [one, two],
      [two, one],
    ] as const) {
      const seats = drawAudits(recording(state, 200, author.address), beacon, rules);
      expect(seats).toHaveLength(200);
      expect(seats.every(({ attester }) => bytesEqual(attester, other.address))).toBe(true);
    }
    const alone = drawing(0, [700n]);
    expect(drawAudits(recording(alone.state, 50, one.address), beacon, alone.rules)).toEqual([]);
    expect(drawAudits(recording(alone.state, 50, stranger), beacon, alone.rules)).toHaveLength(50);
  });

  it("have minCollateral at least", () => {
    const least = { minCollateral: "50" };
    const { state, rules } = drawing(200, [700n, 49n, 50n], { ...least, attesters: 4 });
    const drawn = new Set(drawAudits(state, beacon, rules).map(({ attester }) => toHex(attester)));
    const [one, , three] = people as [KeyPair, KeyPair, KeyPair];
    expect(drawn).toEqual(new Set([one, three].map(({ address }) => toHex(address))));
  });

  it("are not banned, even with a stake made since", () => {
    const { state, rules } = drawing(200, [700n, 700n], { attesters: 2 });
    const [, two] = people as [KeyPair, KeyPair];
    const working = new WorkingState(state);
    // Bans of which this draw sees one: the other ends with the tip.
    working.ban(two.address, state.height + 1);
    const banned = working.finish(0n);
    expect(drawAudits(banned, beacon, rules).some(({ attester }) => bytesEqual(attester, two.address))).toBe(false);
    const over = new WorkingState(state);
    over.ban(two.address, state.height);
    const free = over.finish(0n);
    expect(drawAudits(free, beacon, rules).some(({ attester }) => bytesEqual(attester, two.address))).toBe(true);
  });
});

describe("a block", () => {
  const { rules, state: genesis } = allAudited();
  const others = [aContribution(genesis, bob, {}, rules), aContribution(genesis, carol, {}, rules)];
  const first = mineBlock(genesis, alice, rules, { others }).state;

  it("draws the audits of what its parent recorded, by its own beacon and the parent's stakes", () => {
    const transactions = [aStake(first, alice, "stake", 999_000n)];
    for (const plan of [{}, { transactions }]) {
      const next = mineBlock(first, alice, rules, plan).state;
      expect(next.seatsOf(1)).toEqual(drawAudits(first, next.beacon, rules));
      expect([first.seatsOf(1), next.seatsOf(2)]).toEqual([[], []]);
    }
    // Whom this very block punishes is drawn still: what it changes counts from the next draw on.
    const theirs = mineBlock(first, carol, rules).block;
    const evidence = [evidenceOf(doubleBlock, { a: theirs.header, b: doubleOf(theirs, carol, rules) })];
    const punished = mineBlock(first, alice, rules, { evidence }).state;
    expect(punished.seatsOf(1)).toEqual(drawAudits(first, punished.beacon, rules));
  });

  it("draws none of its win: that one was checked", () => {
    const audits = mineBlock(first, alice, rules).state.seatsOf(1);
    expect(new Set(audits.map(({ audit }) => toHex(audit)))).toEqual(
      new Set(others.map((contribution) => toHex(Contribution.id(contribution)))),
    );
    const lone = mineBlock(genesis, alice, rules).state;
    expect(mineBlock(lone, alice, rules).state.seatsOf(1)).toEqual([]);
  });

  it("remembers audits for evidenceBlocks, each in its own slot", () => {
    let at = first;
    const drawn: number[] = [];
    while (at.height < 12) {
      const unit = aContribution(at, bob, { index: 500 }, rules);
      at = mineBlock(at, alice, rules, { others: [unit] }).state;
      drawn.push(at.seatsOf(at.height - 1).length);
      for (let back = 1; back <= rules.evidenceBlocks && at.height - back > 1; back++) {
        const [seat] = at.seatsOf(at.height - back);
        expect([back, seat?.author]).toEqual([back, bob.address]);
      }
      for (const height of [-1, 0, at.height, at.height + 1, at.height - 1 - rules.evidenceBlocks])
        expect(at.seatsOf(height)).toEqual([]);
    }
    expect(drawn.every((count) => count > 0)).toBe(true);
  });

  it("has room for the seats of as much as a block can record, however many attest", () => {
    const stakes = Array.from({ length: 40 }, (_, i) => [aKey(`many ${i}`), 700n] as const);
    const crowd = aWorld({ allocations: allocate(stakes), auditOneIn: 1, attesters: 16 });
    const tip = mineBlock(crowd.state, aKey("many 0"), crowd.rules).state;
    const next = mineBlock(recording(tip, 1900, stranger), aKey("many 1"), crowd.rules).state;
    expect(next.seatsOf(1).length).toBeGreaterThan(1900 * 16);
    // Fewer than a block has bytes for.
    const { length } = Contribution.codec.encode(aContribution(first, bob, {}, rules));
    expect((MAX_BLOCK_BYTES / length) * 32).toBeLessThan(SeatsType.limit);
    expect(MAX_BLOCK_BYTES / length).toBeLessThan(RecordedListType.limit);
  });
});
