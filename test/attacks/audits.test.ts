// Strangers on the topics of audits: false evidence, words of those who were not asked, and blocks that carry either.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { commitmentOf, evidenceOf, forgedUnit, type Seat } from "../../src/chain/index.ts";
import { AuditCommit, AuditReveal, EvidenceMessage } from "../../src/codec/index.ts";
import { type KeyPair, sha256 } from "../../src/crypto/index.ts";
import { stateAfter } from "../support/desk.ts";
import { aBlock, aUnit, type Cheat, type Place, placeOf, type Unit } from "../support/forge.ts";
import { type Evil, kindsPending, Lab, type Node } from "../support/lab.ts";
import { Sim, STAKED } from "../support/sim.ts";

const leader = Sim.key("leader");
const worker = Sim.key("worker");
const cheat = Sim.key("cheat");
/** Ends a grid step elsewhere. */
const ELSEWHERE: Cheat = { end: (honest) => honest.map((x, i) => (i === 0 ? x + 2 ** -10 : x)) };
let lab: Lab;
let victim: Node;
let evil: Evil;
let place: Place;

beforeEach(async () => {
  lab = new Lab({ auditOneIn: 1, auditBlocks: 2, evidenceBlocks: 8, maturity: 10 });
  victim = await lab.node("v");
  await grow(leader);
  evil = await lab.evil([victim]);
});
afterEach(() => lab.close());

/** The next block, with `others` recorded in it, stands at the victim. */
async function grow(key: KeyPair, others: readonly Unit[] = []): Promise<void> {
  const winner = await lab.evil([victim], lab.serving(...others.map(({ delta }) => delta)));
  const block = aBlock(lab, key, await placeOf(victim), {}, { others });
  await lab.tellBlock(winner, victim, block);
  await lab.clock.run(12_000);
  expect(await lab.fate(victim, block)).toBe("executed, stands");
  place = await placeOf(victim);
}

const shown = ({ contribution }: Unit): Uint8Array =>
  EvidenceMessage.codec.encode(evidenceOf(forgedUnit, { contribution }));

describe("evidence from a stranger", () => {
  it("about an honest unit is refuted by running it, and costs the stranger its connection", async () => {
    for (let index = 0; index < 3; index++) {
      const verdict = await lab.tell(evil, victim, "evidence", shown(aUnit(lab, worker, place, { index })));
      expect(verdict).toMatchObject({ kind: "reject", code: "false-evidence" });
    }
    expect(evil.linked(victim)).toBe(false);
    expect(kindsPending(victim)).toEqual([]);
    expect(victim.alerts).toEqual([]);
  });

  it("about a forged unit is kept for the next block, told to the people, and passed on once", async () => {
    const other = await lab.evil([victim]);
    const piece = shown(aUnit(lab, cheat, place, {}, ELSEWHERE));
    expect(await lab.tell(evil, victim, "evidence", piece)).toEqual({ kind: "accept" });
    expect(kindsPending(victim)).toEqual([forgedUnit.tag]);
    expect(victim.alerts).toEqual(["forged-unit"]);
    await lab.clock.run(1_000);
    expect(other.told.filter(({ topic }) => topic === "evidence")).toHaveLength(1);
    expect(await victim.handlers.gossip("evidence", piece, { from: other.name, author: other.name })).toMatchObject({
      kind: "ignore",
      code: "known",
    });
  });

  it("about a unit of another branch, or from a start that is not this one's, is nobody's fault", async () => {
    const away = aUnit(lab, cheat, place, {}, { ...ELSEWHERE, change: { block: sha256(place.state.tipId) } });
    expect(await lab.tell(evil, victim, "evidence", shown(away))).toMatchObject({
      kind: "ignore",
      code: "other-branch",
    });
    const elsewhere = aUnit(lab, cheat, place, {}, { ...ELSEWHERE, change: { startDigest: sha256(place.start) } });
    expect(await lab.tell(evil, victim, "evidence", shown(elsewhere))).toMatchObject({ code: "wrong-start" });
    expect(victim.punished).toEqual([]);
  });

  it("has one unit run for a peer at a time, two for an address, four for all, and one for an address that has none", async () => {
    const evils = ["a", "a", "a", "b", "b", "c"].map((group, i) =>
      lab.evil([victim], undefined, `${group}${i}`, group),
    );
    const tell = ({ name }: Evil, index: number) =>
      victim.handlers.gossip("evidence", shown(aUnit(lab, worker, place, { index })), { from: name, author: name });
    const peers = await Promise.all(evils);
    const told = peers.map(tell);
    const full = { kind: "ignore", code: "full" };
    expect(await tell(peers[0] as Evil, 9)).toMatchObject(full);
    expect(await told[2]).toMatchObject(full);
    await lab.clock.run(5_000);
    for (const i of [0, 1, 3, 4, 5]) expect(await told[i]).toMatchObject({ code: "false-evidence" });
  });
});

describe("a block that carries evidence", () => {
  it("falls when the unit is what its author says", async () => {
    const { contribution } = aUnit(lab, worker, place);
    const block = aBlock(lab, cheat, place, {}, { evidence: [evidenceOf(forgedUnit, { contribution })] });
    await lab.tellBlock(evil, victim, block);
    await lab.clock.run(12_000);
    expect(await lab.fate(victim, block)).toBe("invalid, dropped");
    expect(victim.engine.ledger.state.collateralOf(worker.address)).toBeGreaterThan(0n);
  });

  it("stands when it is forged, and takes what its author has at stake", async () => {
    const { contribution } = aUnit(lab, cheat, place, {}, ELSEWHERE);
    const block = aBlock(lab, leader, place, {}, { evidence: [evidenceOf(forgedUnit, { contribution })] });
    await lab.tellBlock(evil, victim, block);
    await lab.clock.run(12_000);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    expect(victim.engine.ledger.state.collateralOf(cheat.address)).toBe(0n);
    expect(victim.engine.ledger.state.isBanned(cheat.address)).toBe(true);
  });
});

describe("words of attesters", () => {
  let seat: Seat;
  let attester: KeyPair;
  const height = 2;

  beforeEach(async () => {
    await grow(leader, [aUnit(lab, worker, place)]);
    await grow(leader);
    seat = victim.engine.ledger.state.seatsOf(height)[0] as Seat;
    attester = STAKED.map((name) => Sim.key(name)).find(
      ({ address }) => toHex(address) === toHex(seat.attester),
    ) as KeyPair;
  });

  const word = (key = attester): AuditReveal => ({
    audit: seat.audit,
    height,
    attester: key.address,
    outcome: 0,
    trace: seat.audit,
    salt: seat.audit,
  });
  const committed = (key = attester, signer = key): Uint8Array => {
    const { audit, attester: address } = word(key);
    const unsigned = { audit, height, attester: address, commitment: commitmentOf(word(key)) };
    return AuditCommit.codec.encode(AuditCommit.sign(unsigned, signer, lab.network.rules.genesis));
  };
  const waiting = () => victim.engine.words.select(victim.engine.ledger.state);

  it("are taken though they overtake the block that draws their attester, as gossip has it half of the time", async () => {
    await grow(leader, [aUnit(lab, worker, place)]);
    const recorded = victim.engine.ledger.head.height;
    const block = aBlock(lab, leader, place);
    const drawn = stateAfter(lab, place.state, block).seatsOf(recorded)[0] as Seat;
    const key = STAKED.map((name) => Sim.key(name)).find(({ address }) => toHex(address) === toHex(drawn.attester));
    const commitment = sha256(drawn.audit);
    const unsigned = { audit: drawn.audit, height: recorded, attester: drawn.attester, commitment };
    const commit = AuditCommit.codec.encode(AuditCommit.sign(unsigned, key as KeyPair, lab.network.rules.genesis));
    const verdict = victim.handlers.gossip("audit-commit", commit, { from: evil.name, author: evil.name });
    await lab.clock.run(20);
    // Whoever could not be drawn, or signed nothing, has nobody wait.
    const stranger = Sim.key("nobody at all");
    const told = (change: Partial<AuditCommit>, signer: KeyPair): Promise<unknown> => {
      const made = AuditCommit.sign({ ...unsigned, ...change }, signer, lab.network.rules.genesis);
      return lab.tell(evil, victim, "audit-commit", AuditCommit.codec.encode(made));
    };
    const began = lab.clock.now();
    expect(await told({ attester: stranger.address }, stranger)).toMatchObject({ code: "not-now" });
    expect(await told({}, stranger)).toMatchObject({ code: "not-now" });
    expect(lab.clock.now() - began).toBeLessThan(100);
    await lab.tellBlock(evil, victim, block);
    expect(await verdict).toEqual({ kind: "accept" });
    expect(waiting().commits).toHaveLength(1);
  });

  it("are kept from who was drawn, once", async () => {
    expect(await lab.tell(evil, victim, "audit-commit", committed())).toEqual({ kind: "accept" });
    expect(waiting().commits).toHaveLength(1);
  });

  it("are dropped from who was not, and a forged signature is the sender's fault", async () => {
    const stranger = Sim.key("nobody at all");
    expect(await lab.tell(evil, victim, "audit-commit", committed(stranger))).toMatchObject({
      kind: "ignore",
      code: "no-seat",
    });
    expect(await lab.tell(evil, victim, "audit-commit", committed(attester, stranger))).toMatchObject({
      kind: "reject",
      code: "bad-signature",
    });
    expect(waiting().commits).toEqual([]);
  });

  it("are not opened before their time, nor by who does not know them", async () => {
    const reveal = AuditReveal.codec.encode(word());
    expect(await lab.tell(evil, victim, "audit-reveal", reveal)).toMatchObject({ kind: "ignore", code: "not-now" });
    expect(waiting().reveals).toEqual([]);
  });
});
