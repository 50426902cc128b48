// Who decides on a block and who pays for a forged one: by re-execution here, or by the attestations of trusted verifiers.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, type Hash32, toHex } from "../../../../src/base/index.ts";
import {
  Attestation,
  Block,
  type Contribution,
  type Decoded,
  OUTCOMES,
  type Outcome,
  type Topic,
} from "../../../../src/codec/index.ts";
import type { KeyPair } from "../../../../src/crypto/index.ts";
import { Attestations } from "../../../../src/engine/chain/index.ts";
import type { EngineEvents, EventBus } from "../../../../src/engine/events.ts";
import type { Outbox } from "../../../../src/engine/exchange/index.ts";
import { fromPeer } from "../../../../src/engine/origin.ts";
import type { BlockEntry } from "../../../../src/engine/storage/index.ts";
import { Checks, type Executor, OwedChecks, Sources, Voice } from "../../../../src/engine/training/index.ts";
import type { OwedCheck } from "../../../../src/engine/training/owed-checks.ts";
import type { Clock } from "../../../../src/ports/index.ts";
import { aDesk, type Built, blockOn, type Desk, firstPlace, signal } from "../../../support/desk.ts";
import { aBlock, type Place } from "../../../support/forge.ts";
import { STAKED as NAMES, Sim } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

/** Every key that has stake in a lab. */
const STAKED = NAMES.map((name) => Sim.key(name)).slice(0, Math.ceil((2 * NAMES.length) / 3));
const V = ["v1", "v2", "v3"].map((name) => Sim.key(name));
let desk: Desk;
let events: EventBus;
let checked: EngineEvents["checked"][];
let alerts: EngineEvents["alert"][];
let punished: string[];
let published: { topic: Topic; data: Uint8Array }[];
/** What the executor was given. */
let queued: OwedCheck[];
let stop: AbortController;
let owed: OwedChecks;
let sources: Sources;
/** What the clock says to whoever asks how old a block is. */
let now: number;
let place: Place;
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
  owed = new OwedChecks((peer) => peer);
  place = await firstPlace(desk);
  built = blockOn(desk, place);
  now = built.block.value.header.time + 1000;
  await desk.ledger.importBlock(built.block, fromPeer("relayer"), { signal });
});
afterEach(() => stop.abort());

interface Options {
  /** Undefined: it cannot train. */
  readonly trains?: boolean;
  readonly follows?: boolean;
  readonly trusted?: readonly Uint8Array[];
}

interface On {
  readonly checks: Checks;
  readonly attestations: Attestations;
  readonly voice: Voice;
}

function theChecks({ trains = true, follows = true, trusted = V.map(({ address }) => address) }: Options = {}): On {
  const { lab, ledger, blocks, bans } = desk;
  const { rules } = lab.network;
  const attestations = new Attestations(
    { rules, trusted },
    { state: () => ledger.state, recent: (id) => ledger.recent(id) },
  );
  const executor = { add: (check: OwedCheck) => void queued.push(check) } as unknown as Executor;
  sources = new Sources({ wire: { punish: (peer) => void punished.push(peer) }, ledger });
  const shared = { ledger, blocks, bans, owed, sources, attestations, events, sampling: { spares: () => false } };
  const checks = new Checks(
    {
      ...shared,
      clock: lab.clock,
      log: silentLog(),
      executes: () => trains && follows,
      executor: trains ? executor : undefined,
    },
    { signal: stop.signal },
  );
  const outbox = { publish: (topic: Topic, data: Uint8Array) => void published.push({ topic, data }) } as Outbox;
  const voice = new Voice({
    ...shared,
    key: Sim.key("self"),
    clock: { ...lab.clock, wallTime: () => now } as Clock,
    outbox,
  });
  return { checks, attestations, voice };
}

function word(verifier: (typeof V)[number], outcome: Outcome, { id, value } = built.block): Attestation {
  const { genesis } = desk.lab.network.rules;
  const fields = { height: value.header.height, outcome: OUTCOMES.indexOf(outcome), digest: value.header.digest };
  return Attestation.sign({ ...fields, block: id, verifier: verifier.address }, verifier, genesis);
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
const pending = (): EngineEvents["pending"] => ({
  id: built.block.id,
  height: 2,
  miner: built.block.value.header.miner,
  task: desk.lab.task.id,
});
const fate = async (): Promise<string | undefined> => (await desk.ledger.entry(built.block.id))?.checked;
/** A block of a key without collateral beside `built`. */
async function strangers(): Promise<Decoded<Block>> {
  const time = place.state.time + 10_000;
  const block = Block.wrap(aBlock(desk.lab, Sim.key("nobody"), { ...place, time }));
  desk.followed.deltas.put(...(won(block.value) as [Hash32, Uint8Array]));
  expect(await desk.ledger.importBlock(block, fromPeer("relayer"), { signal })).toEqual({ kind: "accept" });
  return block;
}
/** Hash and bytes of the delta of a block's winning unit. */
function won({ body }: Block): [Uint8Array, Uint8Array] {
  const { deltaHash } = body.closing.contributions[0] as Contribution;
  return [deltaHash, desk.lab.wins.get(toHex(deltaHash)) as Uint8Array];
}
const source = { kind: "peer", from: "relayer", author: "author" } as const;

describe("a block of a followed task on a node that can train", () => {
  it("is the executor's, whatever verifiers say", async () => {
    const on = theChecks();
    events.emit("pending", pending());
    await settle();
    expect(queued.map(({ id }) => toHex(id))).toEqual([toHex(built.block.id)]);
    await hear(on, "invalid", ...V);
    expect([await fate(), checked, punished]).toEqual(["pending", [], []]);
  });

  it("that is forged costs whoever passed it on a ban, and nobody who brought it later, and is told", async () => {
    theChecks();
    const stranger = await strangers();
    sources.note(stranger.id, source);
    sources.note(stranger.id, { ...source, from: "later" });
    const verdict = { kind: "reject", code: "forged-unit", reason: "forged" } as const;
    events.emit("executed", { block: stranger.value, id: stranger.id, verdict, digest: undefined });
    await settle();
    expect(punished).toEqual(["relayer", "relayer", "relayer"]);
    expect(alerts).toMatchObject([{ kind: "forged-unit", subject: toHex(stranger.value.header.miner) }]);
    expect(checked).toMatchObject([{ outcome: "invalid", by: "executed", id: toHex(stranger.id) }]);
  });

  it("that is forged costs nobody a ban when its author's collateral let it pass", async () => {
    theChecks();
    sources.note(built.block.id, source);
    const verdict = { kind: "reject", code: "forged-unit", reason: "forged" } as const;
    events.emit("executed", { block: built.block.value, id: built.block.id, verdict, digest: undefined });
    await settle();
    expect([punished, alerts.length]).toEqual([[], 1]);
  });

  it("that is forged takes the checks owed for its author's others with it, and for what stands on them", async () => {
    theChecks();
    const above = blockOn(desk, built.place);
    await desk.ledger.importBlock(above.block, fromPeer("peer"), { signal });
    const stranger = await strangers();
    const check = (id: Uint8Array): OwedCheck => ({ id, height: 2, author: "", from: undefined, rank: "backed" });
    for (const { id } of [built.block, above.block, stranger]) owed.ready(check(id));
    const verdict = { kind: "reject", code: "forged-unit", reason: "forged" } as const;
    events.emit("executed", { block: built.block.value, id: built.block.id, verdict, digest: undefined });
    await settle();
    expect([built.block, above.block, stranger].map(({ id }) => owed.has(id))).toEqual([false, false, true]);
    // Somebody builds on them: then they are owed again.
    events.emit("pending", {
      id: above.block.id,
      height: 3,
      miner: above.block.value.header.miner,
      task: desk.lab.task.id,
    });
    await settle();
    expect(queued.map(({ id }) => toHex(id))).toEqual([built.block, above.block].map(({ id }) => toHex(id)));
  });

  it("that is sound costs nobody anything", () => {
    theChecks();
    sources.note(built.block.id, source);
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
    events.emit("pending", pending());
    await settle();
    expect(queued).toEqual([]);
    await hear(on, "valid", V[0] as never);
    expect(await fate()).toBe("pending");
    await hear(on, "valid", V[1] as never);
    expect(await fate()).toBe("attestations");
    expect(checked).toMatchObject([{ outcome: "valid", by: "attestations", digest: undefined }]);
    expect(punished).toEqual([]);
  });

  it("falls by two thirds of them, and is decided once", async () => {
    const on = theChecks(options);
    sources.note(built.block.id, source);
    await hear(on, "invalid", V[0] as never, V[2] as never);
    expect(await fate()).toBe("invalid");
    expect(desk.ledger.head.height).toBe(1);
    // Its author has collateral: whoever passed it on may have done so.
    expect(punished).toEqual([]);
    expect(checked).toMatchObject([{ outcome: "invalid", by: "attestations" }]);
    // What is said after that changes nothing and punishes nobody twice.
    await hear(on, "invalid", V[1] as never);
    expect([punished.length, checked.length]).toEqual([0, 1]);
  });

  it("is decided as soon as it comes when the words came before it", async () => {
    const on = theChecks(options);
    for (const verifier of V.slice(0, 2)) on.attestations.add(word(verifier, "valid"));
    events.emit("pending", pending());
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
    events.emit("pending", pending());
    await settle();
    await hear(on, "valid", V[0] as never);
    process.off("unhandledRejection", onUnhandled);
    expect([await fate(), unhandled]).toEqual(["pending", []]);
    desk.store.batch = batch;
    await hear(on, "valid", V[2] as never);
    expect(await fate()).toBe("attestations");
  });

  it("is passed on once enough others vouched for it, and not before", async () => {
    const on = theChecks(options);
    const verdict = on.checks.awaitCheck(built.block.id);
    await hear(on, "valid", V[0] as never, V[1] as never);
    expect(await verdict).toEqual({ kind: "accept" });
    expect(await on.checks.awaitCheck(built.block.id)).toEqual({ kind: "accept" });
  });

  it("stands by two thirds of all stake, with no verifier trusted", async () => {
    const on = theChecks({ ...options, trusted: [] });
    await hear(on, "valid", ...STAKED.slice(1));
    expect(await fate()).toBe("pending");
    await hear(on, "valid", STAKED[0] as never);
    expect(await fate()).toBe("attestations");
  });

  it("is told of as long as nobody vouched for it", async () => {
    const on = theChecks(options);
    expect(on.checks.unvouched).toMatchObject({ height: 2 });
    await hear(on, "valid", V[0] as never, V[1] as never);
    expect(on.checks.unvouched).toBeUndefined();
  });

  it("is vouched for by who vouches for one above it", async () => {
    const on = theChecks(options);
    const above = blockOn(desk, built.place);
    await desk.ledger.importBlock(above.block, fromPeer("peer"), { signal });
    for (const verifier of V.slice(0, 2)) {
      const said = word(verifier, "valid", above.block);
      on.attestations.add(said);
      await on.checks.hear(said);
    }
    await settle();
    expect([await fate(), desk.ledger.head.id]).toEqual(["attestations", above.block.id]);
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
      const verdict = checks.awaitCheck(built.block.id);
      await settle();
      events.emit("checked", outcomeOf(outcome));
      expect((await verdict).kind).toBe(kind);
    }
  });

  it("gives up after half a minute, leaving no listener", async () => {
    const { checks } = theChecks();
    const verdict = checks.awaitCheck(built.block.id);
    await desk.lab.clock.run(29_000);
    await desk.lab.clock.run(2000);
    expect(await verdict).toMatchObject({ kind: "ignore", code: "not-checked" });
  });

  it("does not wait for what it checked before", async () => {
    const { checks } = theChecks();
    await desk.ledger.setChecked(built.block.id, "executed");
    expect(await checks.awaitCheck(built.block.id)).toEqual({ kind: "accept" });
  });
});

describe("a place for a check", () => {
  const arrival = (key = Sim.key("nobody")) => ({
    id: new Uint8Array(32).fill(9),
    miner: key.address,
    height: 3,
    task: desk.lab.task.id,
  });
  const kept = async (checks: Checks, key?: KeyPair): Promise<string | undefined> => {
    const on = (await desk.ledger.entry(built.block.id)) as BlockEntry;
    expect(await checks.reserve({ ...arrival(key), on }, fromPeer("peer"))).toBe(true);
    owed.ready({ id: arrival().id, height: 3, author: "", from: "", rank: "unbacked" });
    const { rank } = owed.take() as OwedCheck;
    owed.release(arrival().id);
    return rank;
  };

  it("is an author's with collateral where everything is checked, not where a block that is not says so", async () => {
    const { checks } = theChecks();
    expect(await kept(checks, Sim.key("leader"))).toBe("backed");
    expect(await kept(checks)).toBe("unbacked");
    const stranger = await strangers();
    const on = (await desk.ledger.entry(stranger.id)) as BlockEntry;
    expect((await desk.ledger.stateOf(stranger.id)).collateralOf(Sim.key("nobody").address)).toBeGreaterThan(3n);
    expect(await checks.reserve({ ...arrival(), on }, fromPeer("peer"))).toBe(true);
    expect(await checks.reserve({ ...arrival(), id: new Uint8Array(32).fill(8), on }, fromPeer("peer"))).toBe(true);
    // A third of the same author finds none.
    expect(await checks.reserve({ ...arrival(), id: new Uint8Array(32).fill(7), on }, fromPeer("peer"))).toBe(false);
  });

  it("is a forger's after all others, whatever its collateral", async () => {
    const { checks } = theChecks();
    desk.bans.ban(Sim.key("leader").address);
    expect(await kept(checks, Sim.key("leader"))).toBe("banned");
  });

  it("is given up when the block was not taken in, and when the chain has left it behind", async () => {
    const { checks } = theChecks();
    await kept(checks);
    const on = (await desk.ledger.entry(built.block.id)) as BlockEntry;
    await checks.reserve({ ...arrival(), on }, fromPeer("peer"));
    await checks.settle(arrival().id, fromPeer("peer"));
    expect(owed.has(arrival().id)).toBe(false);
    await checks.reserve({ ...arrival(), on }, fromPeer("peer"));
    checks.arrived(arrival().id);
    events.emit("head", { tip: { id: built.block.id, height: 15, work: 0n }, added: [], dropped: [] });
    expect(owed.size).toBe(1);
    events.emit("head", { tip: { id: built.block.id, height: 16, work: 0n }, added: [], dropped: [] });
    expect(owed.size).toBe(0);
  });

  it("for a block that was asked for is waited for", async () => {
    const { checks } = theChecks();
    const on = (await desk.ledger.entry(built.block.id)) as BlockEntry;
    const other = (id: number): OwedCheck => ({
      ...arrival(),
      id: Uint8Array.of(id),
      author: "",
      from: "",
      rank: "backed",
    });
    for (let i = 0; i < 32; i++) owed.ready(other(i));
    let got: boolean | undefined;
    void checks.reserveInTime({ ...arrival(), on }, fromPeer("peer")).then((value) => {
      got = value;
    });
    await settle();
    expect(got).toBeUndefined();
    owed.release(Uint8Array.of(0));
    await settle();
    expect(got).toBe(true);
    checks.arrived(arrival().id);
    const late = checks.reserveInTime({ ...arrival(), id: Uint8Array.of(99), on }, fromPeer("peer"));
    await settle();
    await desk.lab.clock.run(61_000);
    expect(await late).toBe(false);
  });
});

describe("an attestation of this node", () => {
  const said = (): Attestation[] => published.map(({ data }) => Attestation.codec.decode(data));

  it("is signed, kept, told and gossiped once, with the digest that was found or none", () => {
    const { voice } = theChecks();
    const told: Attestation[] = [];
    events.on("attestation", ({ attestation }) => told.push(attestation));
    const digest = new Uint8Array(32).fill(7);
    voice.attest({ block: built.block.value, outcome: "invalid", digest });
    voice.attest({ block: built.block.value, outcome: "invalid", digest: undefined });
    expect(published.map(({ topic }) => topic)).toEqual(["attestation"]);
    const [one] = said() as [Attestation];
    expect(told).toEqual([one]);
    expect(one).toMatchObject({ block: built.block.id, height: 2, outcome: OUTCOMES.indexOf("invalid"), digest });
    expect(one.verifier).toEqual(Sim.key("self").address);
    expect(Attestation.verify(one, desk.lab.network.rules.genesis)).toBe(true);
  });

  it("waits until everything under the block is checked: it speaks for that as well", async () => {
    const { voice } = theChecks();
    const above = blockOn(desk, built.place);
    await desk.ledger.importBlock(above.block, fromPeer("peer"), { signal });
    await desk.ledger.setChecked(above.block.id, "executed");
    const { digest } = above.block.value.header;
    voice.attest({ block: above.block.value, outcome: "valid", digest });
    expect(published).toEqual([]);
    await desk.ledger.setChecked(built.block.id, "executed");
    const told = { block: built.block.value, id: toHex(built.block.id), outcome: "valid", digest: undefined } as const;
    events.emit("checked", { ...told, by: "attestations" });
    expect(said().map(({ block }) => block)).toEqual([above.block.id]);
  });

  it("is given by every key with collateral that ran a unit or won, without being a verifier", async () => {
    theChecks();
    const stakeless = published.length;
    await desk.ledger.setChecked(built.block.id, "executed");
    const told = { block: built.block.value, id: toHex(built.block.id), outcome: "valid", digest: undefined } as const;
    events.emit("checked", { ...told, by: "executed" });
    expect([stakeless, said().map(({ block }) => block)]).toEqual([0, [built.block.id]]);
  });

  it("is not given by a miner on a block of long ago: it is catching up", async () => {
    theChecks();
    await desk.ledger.setChecked(built.block.id, "executed");
    now += 64 * desk.lab.network.rules.blockTimeMs;
    const told = { block: built.block.value, id: toHex(built.block.id), outcome: "valid", digest: undefined } as const;
    events.emit("checked", { ...told, by: "executed" });
    expect(published).toEqual([]);
  });
});
