// The single writer: what it takes and refuses, how the head moves between branches, and what a restart finds.
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import {
  ACCEPT,
  Emitter,
  type Hash32,
  ignore,
  PouwError,
  reject,
  toHex,
  type Verdict,
} from "../../../../src/base/index.ts";
import type { Genesis, State } from "../../../../src/chain/index.ts";
import { Block, type Decoded, Transaction } from "../../../../src/codec/index.ts";
import { KeyBans, Ledger, type Training } from "../../../../src/engine/chain/index.ts";
import type { EngineEvents, EventBus } from "../../../../src/engine/events.ts";
import { fromPeer, OWN } from "../../../../src/engine/origin.ts";
import { BlockStore, KEYS, transactionRows } from "../../../../src/engine/storage/index.ts";
import type { Store } from "../../../../src/ports/index.ts";
import {
  alice,
  aStake,
  aTransfer,
  aWorld,
  type BlockPlan,
  bob,
  carol,
  mineBlock,
  STAKES,
  type World,
} from "../../../support/chain.ts";
import { signal } from "../../../support/desk.ts";
import { settle, VirtualClock } from "../../../support/virtual-clock.ts";

const PEER = fromPeer("peer");

interface Mined {
  readonly block: Decoded<Block>;
  readonly state: State;
}

let world: World;
let store: Store;
let events: EventBus;
let ledger: Ledger;
/** What was told, in order. */
let heads: EngineEvents["head"][];
let owed: string[];
let order: string[];
let answers: { fetch: ReturnType<Training["fetch"]> extends Promise<infer R> ? R : never; advance: Verdict };
let fetched: number;
/** Whether the node has the parameters that every unit started from, and whether it can run one. */
let startsHeld: boolean;
let trains: boolean;
let bans: KeyBans;

const training: Training = {
  holds: async () => startsHeld,
  fetch: async () => {
    fetched++;
    return answers.fetch;
  },
  advance: async () => answers.advance,
  keep: async () => ({ parameters: [new Uint8Array(32) as Hash32], writes: [], deltas: [] }),
};

async function open(on: Store = store, by: World = world): Promise<Ledger> {
  events = new Emitter();
  heads = [];
  owed = [];
  order = [];
  events.on("head", (change) => {
    heads.push(change);
    order.push("head");
  });
  events.on("pending", ({ id }) => {
    owed.push(toHex(id));
    order.push("pending");
  });
  bans = new KeyBans(by.rules, events);
  const executes = (): boolean => trains;
  const deps = {
    blocks: new BlockStore(on),
    training,
    executes,
    bans,
    events,
    clock: new VirtualClock(),
    log: silentLog(),
  };
  return Ledger.open(by, deps);
}

beforeEach(async () => {
  world = aWorld();
  store = memoryStore();
  answers = { fetch: undefined, advance: ACCEPT };
  fetched = 0;
  startsHeld = true;
  trains = true;
  ledger = await open();
});

function mine(on: State = world.state, key = alice, plan: BlockPlan = {}): Mined {
  const mined = mineBlock(on, key, world.rules, plan);
  return { block: Block.wrap(mined.block), state: mined.state };
}
/** Honest blocks of one key, one on the other. */
function branch(from: State, key = alice, count = 1): Mined[] {
  const mined: Mined[] = [];
  for (let i = 0; i < count; i++) mined.push(mine(mined.at(-1)?.state ?? from, key));
  return mined;
}
const bring = ({ block }: Mined, origin: typeof OWN | typeof PEER = PEER): Promise<Verdict> =>
  ledger.importBlock(block, origin, { signal });
/** Brings blocks of a peer, whose checks end well. */
async function bringAll(blocks: readonly Mined[]): Promise<void> {
  for (const one of blocks) {
    expect(await bring(one)).toEqual(ACCEPT);
    await ledger.setChecked(one.block.id, "executed");
  }
}
/** Begins anew on another network. */
async function begin(genesis: Partial<Genesis>): Promise<void> {
  world = aWorld(genesis);
  store = memoryStore();
  ledger = await open();
}
const idOf = ({ block }: Mined): string => toHex(block.id);
const headId = (): string => toHex(ledger.head.id);
const checkedOf = async ({ block }: Mined): Promise<string | undefined> => (await ledger.entry(block.id))?.checked;

describe("a block", () => {
  it("of this node stands as executed and is owed to nobody", async () => {
    const own = mine();
    expect(await bring(own, OWN)).toEqual(ACCEPT);
    expect(headId()).toBe(idOf(own));
    expect(ledger.state.root).toEqual(own.state.root);
    expect(await checkedOf(own)).toBe("executed");
    expect([order, fetched]).toEqual([["head"], 0]);
  });

  it("of a peer is owed a check, and stands once that ended well", async () => {
    const other = mine();
    expect(await bring(other)).toEqual(ACCEPT);
    expect(await checkedOf(other)).toBe("pending");
    expect([order, owed, fetched, ledger.head.height]).toEqual([["pending"], [idOf(other)], 1, 0]);
    await ledger.setChecked(other.block.id, "executed");
    expect([headId(), order]).toEqual([idOf(other), ["pending", "head"]]);
    expect(heads[0]?.added).toEqual([other.block.value]);
  });

  it("that is known is accepted and changes nothing", async () => {
    const one = mine();
    await bring(one);
    expect(await bring(one)).toEqual(ACCEPT);
    expect(await ledger.judgeHeader(one.block.id, one.block.value.header)).toEqual(ACCEPT);
    expect(order).toEqual(["pending"]);
  });

  it("that arrives twice at once is added once", async () => {
    const one = mine();
    expect(await Promise.all([bring(one), bring(one), bring(one)])).toEqual([ACCEPT, ACCEPT, ACCEPT]);
    expect(order).toEqual(["pending"]);
  });

  it("whose parent nobody has is ignored", async () => {
    const [first, second] = branch(world.state, alice, 2) as [Mined, Mined];
    expect(await bring(second)).toMatchObject({ kind: "ignore", code: "unknown-parent" });
    await bring(first);
    expect(await bring(second)).toEqual(ACCEPT);
  });

  it("whose deltas or parameters cannot be had is not kept, and may come again", async () => {
    const one = mine();
    answers.fetch = ignore("no-delta");
    expect(await bring(one)).toMatchObject({ kind: "ignore", code: "no-delta" });
    answers = { fetch: undefined, advance: reject("wrong-next") };
    expect(await bring(one)).toMatchObject({ kind: "reject", code: "wrong-next" });
    expect([await ledger.entry(one.block.id), await store.get(KEYS.block(one.block.id)), order]).toEqual([
      undefined,
      undefined,
      [],
    ]);
    answers.advance = ACCEPT;
    expect(await bring(one)).toEqual(ACCEPT);
  });

  it("that the disk did not take does not stand", async () => {
    const one = mine();
    const { batch } = store;
    store.batch = () => Promise.reject(new PouwError("STORE_FAILED" as never, "no room"));
    await expect(bring(one)).rejects.toThrow("no room");
    expect([ledger.head.height, await ledger.entry(one.block.id), order]).toEqual([0, undefined, []]);
    store.batch = batch;
    await bringAll([one]);
    expect(ledger.head.height).toBe(1);
  });

  it("with a header that lies is refused before anything is fetched", async () => {
    const { block } = mine();
    const header = { ...block.value.header, height: 7 };
    expect(await ledger.judgeHeader(block.id, header)).toMatchObject({ kind: "reject", code: "wrong-height" });
    expect(fetched).toBe(0);
  });
});

describe("a forged block", () => {
  it("is not taken again, nor is anything on it, whether it comes as a header or whole", async () => {
    const [first, second, third] = branch(world.state, alice, 3) as [Mined, Mined, Mined];
    for (const one of [first, second]) await bring(one);
    await ledger.setChecked(first.block.id, "invalid");
    expect([await checkedOf(first), await checkedOf(second)]).toEqual(["invalid", "invalid"]);
    const { header } = second.block.value;
    expect(await ledger.judgeHeader(second.block.id, header)).toMatchObject({ kind: "ignore", code: "forged-before" });
    expect(await bring(first)).toMatchObject({ kind: "ignore", code: "forged-before" });
    const forged = { kind: "ignore", code: "forged-parent" };
    expect(await ledger.judgeHeader(third.block.id, third.block.value.header)).toMatchObject(forged);
    expect(await bring(third)).toMatchObject(forged);
    expect(ledger.head.height).toBe(0);
    // An honest sibling is no worse for it.
    const sibling = mine(world.state, bob);
    await bringAll([sibling]);
    expect(headId()).toBe(idOf(sibling));
  });

  it("takes with it what was judged before it was found out", async () => {
    const [first, second] = branch(world.state, alice, 2) as [Mined, Mined];
    await bring(first);
    const judged = await ledger.judgeHeader(second.block.id, second.block.value.header);
    if (judged.kind !== "judged") throw new Error(judged.kind);
    await ledger.setChecked(first.block.id, "invalid");
    const verdict = await ledger.importBlock(second.block, PEER, { signal, judged });
    expect(verdict).toMatchObject({ kind: "ignore", code: "forged-parent" });
    expect(await ledger.entry(second.block.id)).toBeUndefined();
  });

  it("moves the head to the best of what is left, and the outcome outlives a restart", async () => {
    await begin(STAKES);
    const first = mine(world.state, alice);
    const forged = [first, mine(first.state, carol)] as const;
    const honest = mine(world.state, bob);
    await bringAll([honest]);
    for (const one of forged) await bring(one);
    expect(headId()).toBe(idOf(forged[1]));
    heads.length = 0;
    await ledger.setChecked(first.block.id, "invalid");
    expect(headId()).toBe(idOf(honest));
    const [change] = heads as [EngineEvents["head"]];
    expect(change.dropped).toEqual([forged[1].block.value, first.block.value]);
    expect(change.added).toEqual([honest.block.value]);
    ledger = await open();
    expect(headId()).toBe(idOf(honest));
    for (const one of forged) expect(await checkedOf(one)).toBe("invalid");
    expect(await bring(forged[1])).toMatchObject({ code: "forged-before" });
  });

  it("on another branch moves nothing", async () => {
    const [best, other] = [branch(world.state, alice, 2), branch(world.state, bob, 1)];
    await bringAll([...best, ...other]);
    heads.length = 0;
    await ledger.setChecked((other[0] as Mined).block.id, "invalid");
    expect([heads, headId()]).toEqual([[], idOf(best[1] as Mined)]);
  });
});

describe("an unchecked block", () => {
  beforeEach(() => begin(STAKES));
  /** Whether it became head when it came, and what a good check made of that. */
  async function standing(one: Mined): Promise<{ at: "once" | "check" | "never" }> {
    expect(await bring(one)).toEqual(ACCEPT);
    if (headId() === idOf(one)) return { at: "once" };
    await ledger.setChecked(one.block.id, "executed");
    return { at: headId() === idOf(one) ? "check" : "never" };
  }

  it("is built upon at once when its author's collateral answers for it, and may be passed on", async () => {
    const one = mine();
    expect(await standing(one)).toEqual({ at: "once" });
    expect([await checkedOf(one), await ledger.mayLead(one.block.id)]).toEqual(["pending", true]);
  });

  it("waits for its check when its author has less than `provisional`", async () => {
    const { address } = STAKES.allocations[0] as { address: string };
    for (const [stake, at] of [
      [world.rules.provisional - 1n, "check"],
      [world.rules.provisional, "once"],
    ] as const) {
      await begin({ allocations: [{ address, amount: "0", stake: `${stake}` }] });
      expect(await standing(mine())).toEqual({ at });
    }
  });

  it("waits when the start of its unit was not known here before it came", async () => {
    startsHeld = false;
    const one = mine();
    await bring(one);
    expect([ledger.head.height, await ledger.mayLead(one.block.id)]).toEqual([0, false]);
    expect(await standing(mine(world.state, bob))).toEqual({ at: "check" });
  });

  it("waits on a node that does not run its unit, whatever its author's collateral", async () => {
    trains = false;
    const one = mine();
    await bring(one);
    expect([ledger.head.height, await ledger.mayLead(one.block.id)]).toEqual([0, false]);
    await ledger.setChecked(one.block.id, "attestations");
    expect(headId()).toBe(idOf(one));
  });

  it("stands with one of another author under it, not with two, nor with one of its own author", async () => {
    const first = mine();
    const [second, own] = [mine(first.state, bob), mine(first.state, alice)];
    const third = mine(second.state, carol);
    await bring(first);
    await bring(own);
    expect(headId()).toBe(idOf(first));
    await bring(second);
    expect(headId()).toBe(idOf(second));
    await bring(third);
    expect(headId()).toBe(idOf(second));
    // An own block on the head stands, and makes it no deeper.
    const mined = mine(second.state, alice, { time: second.state.time + 999 });
    await bring(mined, OWN);
    await ledger.setChecked(first.block.id, "executed");
    expect(await ledger.mayLead(third.block.id)).toBe(true);
  });

  it("counts collateral where everything is checked: a block that may be forged makes none", async () => {
    const [staked] = STAKES.allocations;
    await begin({
      allocations: [
        { ...staked, amount: "0" },
        { address: toHex(bob.address), amount: "1000" },
      ] as never,
    });
    const one = mine(world.state, alice, { transactions: [aStake(world.state, bob, "stake", 100n)] });
    const two = mine(one.state, bob);
    expect(one.state.collateralOf(bob.address)).toBeGreaterThanOrEqual(world.rules.provisional);
    await bring(one);
    expect(headId()).toBe(idOf(one));
    await bring(two);
    expect(headId()).toBe(idOf(one));
    await ledger.setChecked(one.block.id, "executed");
    expect(headId()).toBe(idOf(two));
  });

  it("of a key that signed a forged unit is built upon no more, and what stood on one falls; a good check brings it back", async () => {
    const [good, forged] = [mine(), mine(world.state, alice, { index: 200 })];
    const above = mine(good.state, bob);
    for (const one of [good, above, forged]) await bring(one);
    expect(headId()).toBe(idOf(above));
    await ledger.setChecked(forged.block.id, "invalid");
    expect([ledger.head.height, bans.has(alice.address), bans.has(bob.address)]).toEqual([0, true, false]);
    expect([await checkedOf(good), await checkedOf(above)]).toEqual(["pending", "pending"]);
    // Others may have found it good: it is no worse for what its author did elsewhere.
    await ledger.setChecked(good.block.id, "executed");
    expect(headId()).toBe(idOf(above));
  });

  it("is head again as soon as its check ends well, though it came first and others overtook it", async () => {
    startsHeld = false;
    const [one, two] = [mine(), mine(world.state, bob)];
    const more = mine(two.state, carol);
    await bring(one);
    await bringAll([two]);
    expect(headId()).toBe(idOf(two));
    await bring(more);
    await ledger.setChecked(one.block.id, "executed");
    expect(headId()).toBe(idOf(one));
    await ledger.setChecked(more.block.id, "executed");
    expect(headId()).toBe(idOf(more));
  });
});

describe("a key's ban", () => {
  it("ends after as many blocks as the chain's bans last", async () => {
    const chain = branch(world.state, bob, world.rules.banBlocks);
    bans.ban(alice.address);
    await bringAll(chain.slice(0, -1));
    expect(bans.has(alice.address)).toBe(true);
    await bringAll(chain.slice(-1));
    expect(bans.has(alice.address)).toBe(false);
  });
});

describe("a check's good outcome", () => {
  it("is seen on the head at once, and after a restart", async () => {
    const one = mine();
    await bring(one);
    await ledger.setChecked(one.block.id, "executed");
    expect(ledger.head.checked).toBe("executed");
    expect(heads).toHaveLength(1);
    ledger = await open();
    expect(ledger.head.checked).toBe("executed");
    ledger.announceOwed();
    expect(owed).toEqual([]);
  });
});

describe("a check's outcome that the disk does not take", () => {
  it.each(["invalid", "executed"] as const)(
    "(%s) is as if it was not found yet, and can be found again",
    async (outcome) => {
      const [first, second] = branch(world.state, alice, 2) as [Mined, Mined];
      for (const one of [first, second]) await bring(one);
      const { batch } = store;
      store.batch = () => Promise.reject(new Error("no room"));
      await expect(ledger.setChecked(first.block.id, outcome)).rejects.toThrow("no room");
      expect([await checkedOf(first), await checkedOf(second), heads]).toEqual(["pending", "pending", []]);
      store.batch = batch;
      await ledger.setChecked(first.block.id, outcome);
      expect(await checkedOf(first)).toBe(outcome);
      // What `first` earned its author answers for `second`.
      expect(ledger.head.height).toBe(outcome === "invalid" ? 0 : 2);
    },
  );
});

describe("a state that is stored", () => {
  it("does not hold up its block: the head has moved before it is written", async () => {
    const chain = branch(world.state, alice, 32);
    await bringAll(chain.slice(0, 31));
    const { batch } = store;
    let release: () => void = () => undefined;
    store.batch = async (writes) => {
      if (writes.some(({ key }) => key.startsWith("state/"))) await new Promise<void>((resolve) => (release = resolve));
      return batch.call(store, writes);
    };
    const last = chain[31] as Mined;
    const done = bring(last, OWN);
    await settle();
    expect([headId(), heads.length]).toEqual([idOf(last), 32]);
    release();
    expect(await done).toEqual(ACCEPT);
    expect(await store.get(KEYS.state(last.block.id))).toBeDefined();
  });

  it("and that the disk does not take costs nothing but time", async () => {
    const chain = branch(world.state, alice, 33);
    await bringAll(chain.slice(0, 31));
    const { batch } = store;
    store.batch = (writes) =>
      writes.some(({ key }) => key.startsWith("state/"))
        ? Promise.reject(new Error("no room"))
        : batch.call(store, writes);
    await bringAll(chain.slice(31));
    expect(ledger.head.height).toBe(33);
    store.batch = batch;
    ledger = await open();
    expect(ledger.state.root).toEqual((chain[32] as Mined).state.root);
  });
});

describe("branches", () => {
  it("the heavier one is the head; its history is found and the other's is gone", async () => {
    const first = mine(world.state, alice, { transactions: [aTransfer(world.state, alice, bob.address, 5n)] });
    const rival = mine(world.state, bob, { transactions: [aTransfer(world.state, alice, carol.address, 7n)] });
    const more = mine(rival.state, bob);
    const history = async ({ block }: Mined): Promise<Uint8Array | undefined> =>
      new BlockStore(store).history(
        transactionRows,
        toHex(Transaction.id(block.value.body.transactions[0] as Transaction)),
      );
    await bringAll([first]);
    expect(await history(first)).toEqual(first.block.id);
    await bringAll([rival, more]);
    expect(headId()).toBe(idOf(more));
    expect(ledger.state.account(carol.address).balance).toBe(7n);
    const moved = heads.at(-1) as EngineEvents["head"];
    expect([...moved.dropped, ...(heads.length === 3 ? (heads[1]?.dropped ?? []) : [])]).toEqual([first.block.value]);
    expect(await history(first)).toBeUndefined();
    expect(await history(rival)).toEqual(rival.block.id);
    expect(await new BlockStore(store).canonical(1)).toEqual(rival.block.id);
    // Whoever asks for a state of the branch that lost gets it.
    expect((await ledger.stateOf(first.block.id)).root).toEqual(first.state.root);
  });

  it("of equal work are settled by which was heard first, whatever their draws, before and after a restart", async () => {
    const [one, two] = [mine(world.state, alice), mine(world.state, bob)];
    for (const [first, second] of [
      [one, two],
      [two, one],
    ] as const) {
      store = memoryStore();
      ledger = await open();
      await bringAll([first, second]);
      expect(headId()).toBe(idOf(first));
      ledger = await open();
      // A third is heard after both.
      await bringAll([mine(world.state, carol)]);
      expect(headId()).toBe(idOf(first));
      await ledger.setChecked(first.block.id, "invalid");
      expect(headId()).toBe(idOf(second));
    }
  });

  it("of equal work are settled by which was heard first, not by which was checked first", async () => {
    const [one, two] = [mine(world.state, alice), mine(world.state, bob)];
    for (const block of [one, two]) await bring(block);
    await ledger.setChecked(two.block.id, "executed");
    expect(headId()).toBe(idOf(two));
    await ledger.setChecked(one.block.id, "executed");
    expect(headId()).toBe(idOf(one));
  });
});

describe("old states", () => {
  it("do not push the head's own out, however many are asked for", async () => {
    const chain = branch(world.state, alice, 70);
    await bringAll(chain);
    for (let round = 0; round < 2; round++)
      for (const { block, state } of chain.slice(0, 66))
        expect((await ledger.stateOf(block.id)).root).toEqual(state.root);
    const last = chain.at(-1) as Mined;
    expect(ledger.state.root).toEqual(last.state.root);
    // And after the head moved once more, by a new block and by a forged one.
    const next = mine(last.state);
    await bringAll([next]);
    for (const { block } of chain.slice(0, 66)) await ledger.stateOf(block.id);
    expect(ledger.state.root).toEqual(next.state.root);
    await ledger.setChecked(next.block.id, "invalid");
    for (const { block } of chain.slice(0, 66)) await ledger.stateOf(block.id);
    expect(ledger.state.root).toEqual(last.state.root);
    expect(ledger.state.tipId).toEqual(ledger.head.id);
    expect(await bring(mine(last.state, bob))).toEqual(ACCEPT);
  });
});

describe("a restart", () => {
  it("finds the chain as it was, tells where it stands, and asks for the checks that are owed", async () => {
    startsHeld = false;
    const chain = branch(world.state, alice, 40);
    await bringAll(chain.slice(0, 38));
    for (const one of chain.slice(38)) await bring(one);
    const before = { head: ledger.head, root: ledger.state.root };
    ledger = await open();
    expect({ head: ledger.head, root: ledger.state.root }).toEqual(before);
    expect(heads).toMatchObject([{ added: [], dropped: [], tip: { height: 38 } }]);
    expect(owed).toEqual([]);
    ledger.announceOwed();
    expect(owed).toEqual(chain.slice(38).map(idOf));
    // The rule is the one of before: what is not checked is nobody's head.
    expect(ledger.head.height).toBe(38);
    for (const one of chain.slice(38)) await ledger.setChecked(one.block.id, "executed");
    expect(ledger.head.height).toBe(40);
  });

  it("keeps a head that stands on collateral, and leaves it where this node cannot train any more", async () => {
    await begin(STAKES);
    const [one, two] = [mine(world.state, bob), mine(world.state, alice)];
    await bringAll([one]);
    const next = mine(one.state, carol);
    await bring(next);
    ledger = await open();
    expect(headId()).toBe(idOf(next));
    trains = false;
    ledger = await open();
    expect([headId(), ledger.state.root]).toEqual([idOf(one), one.state.root]);
    trains = true;
    ledger = await open();
    expect(headId()).toBe(idOf(one));
    await bringAll([two]);
    await ledger.setChecked(next.block.id, "executed");
    expect(headId()).toBe(idOf(next));
  });

  it("takes a branch up that was not the best", async () => {
    const [best, other] = [branch(world.state, alice, 3), branch(world.state, bob, 2)];
    await bringAll([...best, ...other]);
    ledger = await open();
    const more = branch((other[1] as Mined).state, bob, 2);
    await bringAll(more);
    expect(headId()).toBe(idOf(more[1] as Mined));
  });

  it("is refused on a tip that is damaged, missing, or another network's", async () => {
    const chain = branch(world.state, alice, 3);
    await bringAll(chain);
    const tip = (chain[2] as Mined).block;
    await store.batch([{ key: KEYS.block(tip.id), value: (chain[1] as Mined).block.bytes }]);
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await store.batch([{ key: KEYS.block(tip.id), value: undefined }]);
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await store.batch([{ key: KEYS.block(tip.id), value: tip.bytes }]);
    expect((await open()).head.height).toBe(3);
    await expect(open(store, aWorld({ time: 1 }))).rejects.toMatchObject({ code: "WRONG_NETWORK" });
  });

  it("is refused on a tip that breaks a rule, though its state is stored and fits, and says which", async () => {
    const chain = branch(world.state, alice, 2);
    await bringAll(chain);
    const { block, state } = chain[1] as Mined;
    // Its id and all that follows are those of the honest block.
    const { header, body } = block.value;
    const forged = Block.wrap({ header: { ...header, signature: new Uint8Array(64) }, body });
    expect(forged.id).toEqual(block.id);
    await new BlockStore(store).keepState(block.id, state);
    expect((await open()).head.height).toBe(2);
    await store.batch([{ key: KEYS.block(block.id), value: forged.bytes }]);
    await expect(open()).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringMatching(/^The store is damaged: the tip [0-9a-f]{64} is not valid: /),
      remedy: expect.stringContaining("the folder chain"),
    });
  });

  it("is refused where a block below the tip is gone that its state is replayed from", async () => {
    const chain = branch(world.state, alice, 3);
    await bringAll(chain);
    await store.batch([{ key: KEYS.block((chain[1] as Mined).block.id), value: undefined }]);
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});
