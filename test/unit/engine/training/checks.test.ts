// Who decides on a block and who pays for a forged one: by re-execution here, or by the attestations of trusted verifiers.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, toHex } from "../../../../src/base/index.ts";
import { Attestation, type Block, OUTCOMES, type Outcome, type Topic } from "../../../../src/codec/index.ts";
import { Attestations } from "../../../../src/engine/chain/index.ts";
import type { EngineEvents, EventBus } from "../../../../src/engine/events.ts";
import type { Outbox } from "../../../../src/engine/exchange/index.ts";
import { fromPeer } from "../../../../src/engine/origin.ts";
import { Checks, type Executor, FollowedTasks } from "../../../../src/engine/training/index.ts";
import { aDesk, type Built, blockOn, type Desk, firstPlace, signal } from "../../../support/desk.ts";
import { Sim } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

const V = ["v1", "v2", "v3"].map((name) => Sim.key(name));
let desk: Desk;
let events: EventBus;
let checked: EngineEvents["checked"][];
let alerts: EngineEvents["alert"][];
let punished: string[];
let published: { topic: Topic; data: Uint8Array }[];
/** What the executor was given. */
let queued: string[];
let stop: AbortController;
let built: Built;

beforeEach(async () => {
  desk = await aDesk();
  events = new Emitter();
  checked = [];
  alerts = [];
  punished = [];
  published = [];
  queued = [];
  stop = new AbortController();
  events.on("checked", (one) => checked.push(one));
  events.on("alert", (one) => alerts.push(one));
  built = blockOn(desk, await firstPlace(desk));
  await desk.ledger.importBlock(built.block, fromPeer("relayer"), { signal });
});
afterEach(() => stop.abort());

interface Options {
  /** Undefined: it cannot train. */
  readonly trains?: boolean;
  readonly follows?: boolean;
}

function theChecks({ trains = true, follows = true }: Options = {}): { checks: Checks; attestations: Attestations } {
  const { lab, ledger, blocks, followed } = desk;
  const { rules } = lab.network;
  const attestations = new Attestations(
    rules,
    V.map(({ address }) => address),
  );
  const executor = { add: ({ id }: { id: Uint8Array }) => void queued.push(toHex(id)) } as unknown as Executor;
  const checks = new Checks(
    {
      rules,
      key: Sim.key("self"),
      wire: { punish: (peer) => void punished.push(peer) },
      clock: lab.clock,
      log: silentLog(),
      ledger,
      blocks,
      tasks: new FollowedTasks(follows ? [followed] : []),
      attestations,
      outbox: { publish: (topic: Topic, data: Uint8Array) => void published.push({ topic, data }) } as Outbox,
      events,
      executor: trains ? executor : undefined,
    },
    { signal: stop.signal },
  );
  return { checks, attestations };
}

function word(verifier: (typeof V)[number], outcome: Outcome, block = built.block.value): Attestation {
  const { genesis } = desk.lab.network.rules;
  const fields = { height: block.header.height, outcome: OUTCOMES.indexOf(outcome), digest: block.header.digest };
  return Attestation.sign({ ...fields, block: built.block.id, verifier: verifier.address }, verifier, genesis);
}
/** Verifiers speak, in order, and what follows is let settle. */
async function hear(on: ReturnType<typeof theChecks>, outcome: Outcome, ...verifiers: typeof V): Promise<void> {
  for (const verifier of verifiers) {
    const said = word(verifier, outcome);
    on.attestations.add(said);
    await on.checks.hear(said);
  }
  await settle();
}
const owed = (): EngineEvents["pending"] => ({ id: built.block.id, height: 2, task: desk.lab.task.id });
const fate = async (): Promise<string | undefined> => (await desk.ledger.entry(built.block.id))?.checked;
const source = { kind: "peer", from: "relayer", author: "author" } as const;

describe("a block of a followed task on a node that can train", () => {
  it("is the executor's, whatever verifiers say", async () => {
    const on = theChecks();
    events.emit("pending", owed());
    expect(queued).toEqual([toHex(built.block.id)]);
    await hear(on, "invalid", ...V);
    expect([await fate(), checked, punished]).toEqual(["pending", [], []]);
  });

  it("that is forged costs its author a ban, not its relayer, and is told", async () => {
    const { checks } = theChecks();
    checks.noteSource(built.block.id, source);
    // Whoever brings it after the first is not to blame.
    checks.noteSource(built.block.id, { ...source, author: "later" });
    const verdict = { kind: "reject", code: "forged-unit", reason: "forged" } as const;
    events.emit("executed", { block: built.block.value, id: built.block.id, verdict, digest: undefined });
    expect(punished).toEqual(["author", "author", "author"]);
    expect(alerts).toMatchObject([{ kind: "forged-unit", subject: toHex(built.block.value.header.miner) }]);
    expect(checked).toMatchObject([{ outcome: "invalid", by: "executed", id: toHex(built.block.id) }]);
  });

  it("that is sound costs nobody anything", () => {
    const { checks } = theChecks();
    checks.noteSource(built.block.id, source);
    const { digest } = built.block.value.header;
    events.emit("executed", { block: built.block.value, id: built.block.id, verdict: { kind: "accept" }, digest });
    expect([punished, alerts]).toEqual([[], []]);
    expect(checked).toMatchObject([{ outcome: "valid", by: "executed", digest }]);
  });
});

describe.each([
  ["that cannot train", { trains: false }],
  ["that does not follow the task", { follows: false }],
])("a block on a node %s", (_, options) => {
  it("stands by two thirds of the trusted verifiers", async () => {
    const on = theChecks(options);
    events.emit("pending", owed());
    expect(queued).toEqual([]);
    await hear(on, "valid", V[0] as never);
    expect(await fate()).toBe("pending");
    await hear(on, "valid", V[1] as never);
    expect(await fate()).toBe("attestations");
    expect(checked).toMatchObject([{ outcome: "valid", by: "attestations", digest: undefined }]);
    expect(punished).toEqual([]);
  });

  it("falls by two thirds of them, and whoever brought it first is banned", async () => {
    const on = theChecks(options);
    on.checks.noteSource(built.block.id, source);
    await hear(on, "invalid", V[0] as never, V[2] as never);
    expect(await fate()).toBe("invalid");
    expect(desk.ledger.head.height).toBe(1);
    expect(punished).toEqual(["author", "author", "author"]);
    expect(checked).toMatchObject([{ outcome: "invalid", by: "attestations" }]);
    // What is said after that changes nothing and punishes nobody twice.
    await hear(on, "invalid", V[1] as never);
    expect([punished.length, checked.length]).toEqual([3, 1]);
  });

  it("is decided as soon as it comes when the words came before it", async () => {
    const on = theChecks(options);
    for (const verifier of V.slice(0, 2)) on.attestations.add(word(verifier, "valid"));
    events.emit("pending", owed());
    await settle();
    expect(await fate()).toBe("attestations");
  });

  it("whose outcome the disk does not take is decided by the next word, and nothing breaks", async () => {
    const on = theChecks(options);
    const { batch } = desk.store;
    desk.store.batch = () => Promise.reject(new Error("no room"));
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    for (const verifier of V.slice(0, 2)) on.attestations.add(word(verifier, "valid"));
    events.emit("pending", owed());
    await settle();
    await hear(on, "valid", V[0] as never);
    process.off("unhandledRejection", onUnhandled);
    expect([await fate(), unhandled]).toEqual(["pending", []]);
    desk.store.batch = batch;
    await hear(on, "valid", V[2] as never);
    expect(await fate()).toBe("attestations");
  });

  it("is relayed without waiting for a check", async () => {
    const { checks } = theChecks(options);
    expect(await checks.awaitCheck(built.block.id, desk.lab.task.id)).toEqual({ kind: "accept" });
  });
});

describe("a verifier that waits before it relays", () => {
  const outcomeOf = (outcome: "valid" | "invalid"): EngineEvents["checked"] => {
    const block: Block = built.block.value;
    return { block, id: toHex(built.block.id), outcome, by: "executed", digest: undefined };
  };

  it("relays what its check found valid, and neither blames nor relays what it did not", async () => {
    const { checks } = theChecks();
    for (const [outcome, kind] of [
      ["valid", "accept"],
      ["invalid", "ignore"],
    ] as const) {
      const verdict = checks.awaitCheck(built.block.id, desk.lab.task.id);
      await settle();
      events.emit("checked", outcomeOf(outcome));
      expect((await verdict).kind).toBe(kind);
    }
  });

  it("gives up after half a minute, leaving no listener", async () => {
    const { checks } = theChecks();
    const verdict = checks.awaitCheck(built.block.id, desk.lab.task.id);
    await desk.lab.clock.run(29_000);
    await desk.lab.clock.run(2000);
    expect(await verdict).toMatchObject({ kind: "ignore", code: "not-checked" });
  });

  it("does not wait for what it checked before", async () => {
    const { checks } = theChecks();
    await desk.ledger.setChecked(built.block.id, "executed");
    expect(await checks.awaitCheck(built.block.id, desk.lab.task.id)).toEqual({ kind: "accept" });
  });
});

describe("an attestation of this node", () => {
  it("is signed, kept, told and gossiped, with the digest that was found or none", () => {
    const { checks } = theChecks();
    const told: Attestation[] = [];
    events.on("attestation", ({ attestation }) => told.push(attestation));
    const digest = new Uint8Array(32).fill(7);
    checks.attest(built.block.value, "invalid", digest);
    checks.attest(built.block.value, "invalid", undefined);
    expect(published.map(({ topic }) => topic)).toEqual(["attestation", "attestation"]);
    const [one, two] = published.map(({ data }) => Attestation.codec.decode(data)) as [Attestation, Attestation];
    expect(told).toEqual([one, two]);
    expect(one).toMatchObject({ block: built.block.id, height: 2, outcome: OUTCOMES.indexOf("invalid"), digest });
    expect(two.digest).toEqual(new Uint8Array(32));
    expect(one.verifier).toEqual(Sim.key("self").address);
    expect(Attestation.verify(one, desk.lab.network.rules.genesis)).toBe(true);
  });
});
