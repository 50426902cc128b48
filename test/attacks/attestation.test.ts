// A node that cannot train goes by two thirds of the verifiers that it trusts: a liar among three, or any crowd of strangers, does not move it.
import { afterEach, describe, expect, it } from "vitest";
import { type Block, Header, OUTCOMES, type Outcome } from "../../src/codec/index.ts";
import { type KeyPair, sha256 } from "../../src/crypto/index.ts";
import { forgeHeader } from "../support/chain.ts";
import { aBlock, type Cheat, placeOf } from "../support/forge.ts";
import { blockMessage, type Evil, Lab, type Node, wordOf } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

let lab: Lab;
let node: Node;
let speaker: Evil;
afterEach(() => lab.close());

const TRUSTED = ["v1", "v2", "v3"];
const FORGED: Cheat = {
  end: (honest) => Float32Array.from(honest, (value, i) => (i === 0 ? value + 2 ** -22 : value)),
};

async function setUp(trusts: readonly string[] = TRUSTED): Promise<void> {
  lab = new Lab();
  node = await lab.node("n", { trains: false, trusts });
  speaker = await lab.evil([node]);
}

const word = (block: Block, verifier: KeyPair, outcome: Outcome | number, signer?: KeyPair): Uint8Array =>
  wordOf(block, verifier, outcome, lab.network.rules.genesis, signer);

/** Has verifiers speak of a block; settles what follows. */
async function say(block: Block, outcome: Outcome | number, ...names: readonly string[]): Promise<void> {
  for (const name of names) await lab.tell(speaker, node, "attestation", word(block, Sim.key(name), outcome));
  await lab.clock.run(100);
}

let authors = 0;
/** Who brought the last block. */
let bringer: Evil;

async function aTold(cheat: Cheat = {}, others: readonly Node[] = []): Promise<Block> {
  bringer = await lab.evil([node, ...others]);
  const block = aBlock(lab, Sim.key(`author ${++authors}`), await placeOf(node), cheat);
  await bringer.wire.publish("block", blockMessage(block));
  await lab.clock.run(100);
  if (others.length === 0) expect(await lab.fate(node, block)).toBe("pending, dropped");
  return block;
}

describe("a node without a runtime", () => {
  it("takes a block for checked when two of three trusted verifiers found it valid, whatever the third says", async () => {
    await setUp();
    const block = await aTold();
    await say(block, "invalid", "v3");
    expect(await lab.fate(node, block)).toBe("pending, dropped");
    await say(block, "valid", "v1");
    expect(await lab.fate(node, block)).toBe("pending, dropped");
    await say(block, "valid", "v2");
    expect(await lab.fate(node, block)).toBe("attestations, stands");
    expect([bringer.linked(node), node.punished]).toEqual([true, []]);
  });

  it("drops a forged block when two of three say so, though the third vouches for it", async () => {
    await setUp();
    const block = await aTold(FORGED);
    await say(block, "valid", "v3");
    await say(block, "invalid", "v1");
    expect(await lab.fate(node, block)).toBe("pending, dropped");
    expect(bringer.linked(node)).toBe(true);
    await say(block, "invalid", "v2");
    expect(await lab.fate(node, block)).toBe("invalid, dropped");
    expect(node.engine.ledger.head.height).toBe(0);
    // Whoever brought it is banned, as by a node that ran the unit itself.
    expect(bringer.linked(node)).toBe(false);
    expect(new Set(node.punished.map(({ peer }) => peer))).toEqual(new Set([bringer.name]));
    // Built upon, it is refused: as a header, and whole.
    const place = await placeOf(node);
    const above = forgeHeader(aBlock(lab, Sim.key("honest"), place).header, Sim.key("honest"), lab.network.rules, {
      parent: Header.id(block.header),
      height: 2,
    });
    const other = await lab.evil([node]);
    const notice = Uint8Array.from([1, ...Header.codec.encode(above)]);
    const verdict = await lab.tell(other, node, "block", notice);
    // Its sender need not have checked it.
    expect(verdict).toMatchObject({ kind: "ignore", code: "forged-parent" });
    expect(other.asked).not.toContain("blocks");
  });

  it("is not moved by one liar who speaks often", async () => {
    await setUp();
    const block = await aTold();
    await say(block, "invalid", "v3");
    await say(block, OUTCOMES.length, "v3");
    await say(block, "valid", "v3");
    expect(await lab.fate(node, block)).toBe("pending, dropped");
    // Its first word counts: with it, one honest "valid" is not two.
    await say(block, "valid", "v1");
    expect(await lab.fate(node, block)).toBe("pending, dropped");
  });

  it("refuses an outcome that the protocol does not know, and takes the same verifier's right word after it", async () => {
    await setUp();
    const block = await aTold();
    for (const outcome of [OUTCOMES.length, 255]) {
      const crook = await lab.evil([node]);
      const unknown = word(block, Sim.key("v1"), outcome);
      const refusal = { kind: "reject", code: "bad-outcome" };
      expect(await lab.tell(crook, node, "attestation", unknown)).toMatchObject(refusal);
    }
    await say(block, "valid", "v1", "v2");
    expect(await lab.fate(node, block)).toBe("attestations, stands");
  });

  it("is not moved by words in trusted verifiers' names that others signed", async () => {
    await setUp();
    const block = await aTold();
    for (const name of TRUSTED) {
      const crook = await lab.evil([node]);
      const forged = word(block, Sim.key(name), "invalid", crook.key);
      expect(await lab.tell(crook, node, "attestation", forged)).toMatchObject({
        kind: "reject",
        code: "bad-signature",
      });
    }
    expect(await lab.fate(node, block)).toBe("pending, dropped");
    await say(block, "valid", "v1", "v2");
    expect(await lab.fate(node, block)).toBe("attestations, stands");
  });

  it("is not moved by a crowd of strangers, and does not forget the trusted over it", async () => {
    await setUp();
    const block = await aTold();
    await say(block, "valid", "v1");
    for (let i = 0; i < 100; i++) await say(block, "invalid", `stranger ${i}`);
    // Words on blocks that do not exist.
    for (let i = 0; i < 300; i++) {
      const nothing = { ...block, header: { ...block.header, bodyRoot: sha256(Uint8Array.of(i, i >> 8)) } };
      await say(nothing, "invalid", "stranger");
    }
    expect(await lab.fate(node, block)).toBe("pending, dropped");
    await say(block, "valid", "v2");
    expect(await lab.fate(node, block)).toBe("attestations, stands");
  });

  it("passes on no stranger's word on a block that is not here, and everybody's on one that is (the control)", async () => {
    await setUp();
    const block = await aTold();
    const listener = await lab.evil([node]);
    const heard = (): number => listener.told.filter(({ topic }) => topic === "attestation").length;
    for (let i = 0; i < 20; i++) {
      const nothing = { ...block, header: { ...block.header, bodyRoot: sha256(Uint8Array.of(i)) } };
      const told = lab.tell(speaker, node, "attestation", word(nothing, Sim.key("nobody"), "valid"));
      expect(await told).toMatchObject({ kind: "ignore", code: "no-say" });
    }
    await lab.clock.run(100);
    expect(heard()).toBe(0);
    await say(block, "valid", "nobody");
    expect(heard()).toBe(1);
  });

  it("never decides when it trusts nobody", async () => {
    await setUp([]);
    const block = await aTold();
    for (let i = 0; i < 20; i++) await say(block, "invalid", `stranger ${i}`);
    expect(await lab.fate(node, block)).toBe("pending, dropped");
  });

  it("follows real verifiers: an honest block stands, a forged one falls", async () => {
    await setUp();
    // They hear of a block themselves: this node passes none on for which nobody spoke.
    const verifiers = [];
    for (const name of ["v1", "v2"]) verifiers.push(await lab.node(name, { verifies: true }, [node]));
    const good = await aTold({}, verifiers);
    await lab.clock.run(2000);
    expect(await lab.fate(node, good)).toBe("attestations, stands");
    await lab.clock.run(10_000);
    const forged = await aTold(FORGED, verifiers);
    await say(forged, "valid", "v3");
    await lab.clock.run(2000);
    expect(await lab.fate(node, forged)).toBe("invalid, dropped");
    expect(node.engine.ledger.head.height).toBe(1);
  });
});

describe("a node that can train", () => {
  it("goes by its own eyes, whatever all verifiers say", async () => {
    lab = new Lab();
    node = await lab.node("n", { trusts: TRUSTED });
    speaker = await lab.evil([node]);
    const bringer = await lab.evil([node]);
    const good = aBlock(lab, Sim.key("miner"), await placeOf(node));
    await lab.tellBlock(bringer, node, good);
    await say(good, "invalid", ...TRUSTED);
    await lab.clock.run(2000);
    expect(await lab.fate(node, good)).toBe("executed, stands");
    await lab.clock.run(10_000);
    const forged = aBlock(lab, Sim.key("miner"), await placeOf(node), FORGED);
    await lab.tellBlock(bringer, node, forged);
    await say(forged, "valid", ...TRUSTED);
    await lab.clock.run(2000);
    expect(await lab.fate(node, forged)).toBe("invalid, dropped");
  });
});
