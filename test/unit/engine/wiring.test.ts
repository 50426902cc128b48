// Parts meet on the event bus: who listens to what, in which order, and that one part's fault is not another's.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBigInt, toHex } from "../../../src/base/index.ts";
import { Contribution, REQUESTS, RoundRecord } from "../../../src/codec/index.ts";
import type { EngineEvents } from "../../../src/engine/index.ts";
import { aBlock, aUnit, placeOf, recordAt } from "../../support/forge.ts";
import { type Answer, Lab, type Node, only } from "../../support/lab.ts";
import { Sim } from "../../support/sim.ts";

const key = Sim.key("author");
let lab: Lab;
let node: Node;
beforeEach(async () => {
  lab = new Lab();
  node = await lab.node("n", { mines: true });
});
afterEach(() => lab.close());

const NAMES = [
  "head",
  "round",
  "pending",
  "executed",
  "checked",
  "record",
  "contribution",
  "unit",
  "attestation",
  "stranded",
  "alert",
] as const;
/** Names of events in the order in which they come, from here on. */
function listen(to: Node): (keyof EngineEvents)[] {
  const heard: (keyof EngineEvents)[] = [];
  for (const name of NAMES) to.engine.events.on(name, () => heard.push(name));
  return heard;
}

describe("a block", () => {
  it("moves head and rounds, then is owed, then run and settled, each once", async () => {
    const evil = await lab.evil([node]);
    const heard = listen(node);
    await lab.tellBlock(evil, node, aBlock(lab, key, await placeOf(node)));
    await lab.clock.run(2000);
    // `author` has collateral enough: its block is built upon while it is checked.
    expect(heard).toEqual(["head", "round", "pending", "executed", "checked", "attestation"]);
  });

  it("of an author without collateral moves them once it was run", async () => {
    const evil = await lab.evil([node]);
    const heard = listen(node);
    await lab.tellBlock(evil, node, aBlock(lab, evil.key, await placeOf(node)));
    await lab.clock.run(2000);
    expect(heard).toEqual(["pending", "head", "round", "executed", "checked", "attestation"]);
  });

  it("finds every part moved when others hear of the head", async () => {
    const evil = await lab.evil([node]);
    const seen: object[] = [];
    node.engine.events.on("head", ({ tip }) => {
      const { ledger } = node.engine;
      const { rounds } = only(node);
      seen.push([toHex(tip.id), toHex(ledger.head.id), toHex(ledger.state.tipId), toHex(rounds.view.head)]);
    });
    const block = aBlock(lab, key, await placeOf(node));
    await lab.tellBlock(evil, node, block);
    const id = toHex(node.engine.ledger.head.id);
    expect(seen).toEqual([[id, id, id, id]]);
    // And what this node says of itself.
    const word = REQUESTS.status.request.decode(
      await node.handlers.request("status", REQUESTS.status.request.encode(lab.status()), evil.name),
    );
    expect([toHex(word.head), word.height]).toEqual([id, 1]);
  });

  it("of a node that cannot train is owed to nobody here", async () => {
    const blind = await lab.node("blind", { trains: false });
    const evil = await lab.evil([blind]);
    const heard = listen(blind);
    await lab.tellBlock(evil, blind, aBlock(lab, key, await placeOf(blind)));
    await lab.clock.run(2000);
    expect(heard).toEqual(["pending"]);
    expect([blind.engine.backlog, blind.engine.tasks[0]?.trainer]).toEqual([0, undefined]);
  });
});

describe("a record", () => {
  it("of this node goes out once, one of a peer is left to the wire", async () => {
    const evil = await lab.evil([node]);
    const made: Uint8Array[] = [];
    node.engine.events.on("record", ({ bytes, origin }) => {
      if (origin.kind === "own") made.push(bytes);
    });
    await lab.mine(node, 1, 0);
    // Whoever contributes to a round that this node leads has it closed.
    const mine = aUnit(lab, Sim.key("worker"), await placeOf(node));
    const worker = await lab.evil([node], lab.serving(mine.delta));
    const contribution = Contribution.codec.encode(mine.contribution);
    expect(await lab.tell(worker, node, "contribution", contribution)).toEqual({ kind: "accept" });
    await lab.clock.run(1000);
    expect(made).toHaveLength(1);
    expect(evil.told.filter(({ topic }) => topic === "record").map(({ data }) => data)).toEqual(made);
    let published = 0;
    const { publish } = node.wire;
    node.wire.publish = (topic, data) => {
      if (topic === "record") published++;
      return publish(topic, data);
    };
    await lab.clock.run(10_000);
    await lab.tellBlock(evil, node, aBlock(lab, key, await placeOf(node)));
    await lab.clock.run(10_000);
    const place = await placeOf(node);
    const unit = aUnit(lab, Sim.key("worker"), place);
    const good = await lab.evil([node], lab.serving(unit.delta));
    const record = recordAt(lab, key, place, [unit]);
    expect(await lab.tell(good, node, "record", RoundRecord.codec.encode(record))).toEqual({ kind: "accept" });
    expect(published).toBe(0);
  });

  it("of whatever way is watched for a second one", async () => {
    const evil = await lab.evil([node]);
    await lab.tellBlock(evil, node, aBlock(lab, key, await placeOf(node)));
    await lab.clock.run(10_000);
    const place = await placeOf(node);
    const [one, two] = [aUnit(lab, key, place), aUnit(lab, key, place, { index: 1 })];
    const records = [recordAt(lab, key, place, [one]), recordAt(lab, key, place, [two])] as const;
    // By the bus alone, as a record that came with a joined round.
    for (const record of records)
      node.engine.events.emit("record", { record, bytes: new Uint8Array(0), origin: { kind: "own" } });
    expect(node.alerts).toEqual(["equivocation"]);
  });
});

describe("a peer", () => {
  /** A peer with this status that notes what it is asked. */
  const saying = (change: Parameters<Lab["status"]>[0]): Answer => lab.nothing(change);

  it("that is ahead is asked for its headers, and for no block before it showed one", async () => {
    const evil = await lab.evil([node], saying({ height: 5, work: fromBigInt(1n << 200n, 32) }));
    await lab.clock.run(1000);
    expect(evil.asked).toContain("headers");
    expect(evil.asked).not.toContain("blocks");
  });

  it("that stands where we stand is asked for the round in progress, once for a head", async () => {
    const evil = await lab.evil([node], saying({}));
    await lab.clock.run(30_000);
    expect(evil.asked.filter((protocol) => protocol === "round")).toHaveLength(1);
    expect(evil.asked).not.toContain("headers");
  });

  it("that sent what cannot be placed is asked where it is, and for its rounds anew if it is ahead", async () => {
    const evil = await lab.evil([node], saying({}));
    await lab.clock.run(1000);
    const count = (protocol: string): number => evil.asked.filter((one) => one === protocol).length;
    const before = [count("status"), count("round")] as [number, number];
    node.engine.events.emit("stranded", { peer: evil.name, ahead: false });
    await lab.clock.run(1000);
    expect([count("status"), count("round")]).toEqual([before[0] + 1, before[1]]);
    node.engine.events.emit("stranded", { peer: evil.name, ahead: true });
    await lab.clock.run(1000);
    expect([count("status"), count("round")]).toEqual([before[0] + 2, before[1] + 1]);
  });
});

describe("a listener that throws", () => {
  it("stops no part of the engine", async () => {
    for (const name of NAMES)
      node.engine.events.on(name, () => {
        throw new Error("a plugin's fault");
      });
    const evil = await lab.evil([node]);
    const block = aBlock(lab, key, await placeOf(node));
    expect(await lab.tellBlock(evil, node, block)).toEqual({ kind: "accept" });
    await lab.clock.run(12_000);
    expect(await lab.fate(node, block)).toBe("executed, stands");
    await lab.mine(node, 1, 0);
    expect(node.engine.ledger.head.height).toBe(2);
  });
});

describe("a stopped engine", () => {
  it("asks nobody anything any more", async () => {
    const evil = await lab.evil([node]);
    await lab.clock.run(1000);
    await node.engine.stop();
    const before = evil.asked.length;
    node.engine.events.emit("stranded", { peer: evil.name, ahead: true });
    await lab.clock.run(60_000);
    expect(evil.asked.length).toBe(before);
  });
});
