// Two branches of random histories under every rule, brought to a node in any order: whatever way it went, its state is that of the straight path.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/level/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { Emitter, type Hash32, toHex } from "../../src/base/index.ts";
import type { State } from "../../src/chain/index.ts";
import { Block, type Decoded } from "../../src/codec/index.ts";
import { KeyBans, Ledger, type Training } from "../../src/engine/chain/index.ts";
import type { EventBus } from "../../src/engine/events.ts";
import { OWN } from "../../src/engine/origin.ts";
import { BlockStore, KEYS, type Retention, States } from "../../src/engine/storage/index.ts";
import type { Store } from "../../src/ports/index.ts";
import { wipe } from "../support/desk.ts";
import { nothingSeen, type Played, Player, type Seen, type Step, steps, world } from "../support/history.ts";
import { decodeState, encodeState } from "../support/state-bytes.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const { signal } = new AbortController();
/** Deltas and parameters are others' business here. */
const training: Training = {
  holds: async () => true,
  fetch: async () => undefined,
  advance: async () => ({ kind: "accept" }),
  keep: async () => ({ parameters: [new Uint8Array(32) as Hash32], writes: [], deltas: [] }),
};
/** A whole state every seventh block: the others are replayed. */
const retention: Retention = {
  keepsState: (height) => height % 7 === 0,
  lastKept: (height) => height - (height % 7),
  recent: 16,
  window: undefined,
};

interface Node {
  readonly ledger: Ledger;
  readonly events: EventBus;
}
async function open(store: Store): Promise<Node> {
  const events: EventBus = new Emitter();
  const blocks = new BlockStore(store, { retention });
  const clock = new VirtualClock(4_000_000_000_000);
  const bans = new KeyBans(world.rules, events);
  const deps = { blocks, training, events, bans, executes: () => true, clock, log: silentLog() };
  const ledger = await Ledger.open(world, deps);
  return { ledger, events };
}

interface Link {
  readonly block: Decoded<Block>;
  readonly after: State;
}
const linkOf = ({ block, after }: Played): Link => ({ block: Block.wrap(block), after });

interface Forked {
  readonly trunk: readonly Link[];
  readonly branches: readonly [readonly Link[], readonly Link[]];
}
/** Plays a trunk, and two branches upon it of which each is a path of its own from genesis. */
function fork(trunk: readonly Step[], one: readonly Step[], two: readonly Step[], seen: Seen): Forked {
  const player = new Player(seen);
  const common = trunk.map((step) => linkOf(player.play(step)));
  const other = player.branch();
  return {
    trunk: common,
    branches: [one.map((step) => linkOf(player.play(step))), two.map((step) => linkOf(other.play(step)))],
  };
}

/** The blocks of both branches, each after its parent, in the order that `turns` say. */
function woven([one, two]: Forked["branches"], turns: readonly boolean[]): Link[] {
  const [left, right] = [[...one], [...two]];
  const order: Link[] = [];
  for (let i = 0; left.length + right.length > 0; i++) {
    const next = (turns[i % turns.length] === true ? left : right).shift() ?? left.shift() ?? right.shift();
    order.push(next as Link);
  }
  return order;
}

const bytesOf = (state: State): string => toHex(encodeState(state));
const drawn = fc.tuple(
  steps(3, 12),
  steps(2, 14),
  steps(2, 14),
  fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
);
const limits = { numRuns: 7, endOnFailure: true };

describe("a node that goes from branch to branch", () => {
  it("stands at each of its heads exactly where the straight path leads, and after a restart as well", async () => {
    const seen = nothingSeen();
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(drawn, async ([trunk, one, two, turns]) => {
        const store = memoryStore();
        const { ledger, events } = await open(store);
        events.on("head", ({ dropped }) => {
          if (dropped.length > 0) moved++;
        });
        const made = fork(trunk, one, two, seen);
        const known: Link[] = [];
        for (const link of [...made.trunk, ...woven(made.branches, turns)]) {
          expect(await ledger.importBlock(link.block, OWN, { signal })).toEqual({ kind: "accept" });
          known.push(link);
          const head = known.find(({ block }) => toHex(block.id) === toHex(ledger.head.id)) as Link;
          expect(bytesOf(ledger.state)).toBe(bytesOf(head.after));
          expect(known.filter(({ after }) => after.work > head.after.work)).toEqual([]);
        }
        const again = (await open(store)).ledger;
        for (const { block, after } of known) expect(bytesOf(await again.stateOf(block.id))).toBe(bytesOf(after));
        expect(bytesOf(again.state)).toBe(bytesOf(ledger.state));
      }),
      limits,
    );
    // The control: heads did move between branches, and the rules were tried on the way.
    expect(moved).toBeGreaterThan(2);
    for (const count of [seen.punished, seen.late, seen.bothTasks]) expect(count).toBeGreaterThan(0);
  });

  it("falls back on the other branch when its own is found forged, to the same state", async () => {
    const seen = nothingSeen();
    await fc.assert(
      fc.asyncProperty(drawn, async ([trunk, one, two, turns]) => {
        const { ledger } = await open(memoryStore());
        const { trunk: common, branches } = fork(trunk, one, two, seen);
        for (const { block } of [...common, ...woven(branches, turns)])
          await ledger.importBlock(block, OWN, { signal });
        const [left, right] = branches;
        const stands = left.some(({ block }) => toHex(block.id) === toHex(ledger.head.id)) ? left : right;
        const rest = stands === left ? right : left;
        await ledger.setChecked((stands[0] as Link).block.id, "invalid");
        expect(bytesOf(ledger.state)).toBe(bytesOf((rest.at(-1) as Link).after));
        // And goes on from there.
        await ledger.setChecked((rest[0] as Link).block.id, "invalid");
        expect(bytesOf(ledger.state)).toBe(bytesOf((common.at(-1) as Link).after));
      }),
      limits,
    );
  });
});

describe("a state of a random history", () => {
  it("is replayed from genesis, from any stored one and from its own bytes to the same root", async () => {
    const seen = nothingSeen();
    await fc.assert(
      fc.asyncProperty(drawn, async ([trunk, one, two]) => {
        const store = memoryStore();
        const { ledger } = await open(store);
        const { trunk: common, branches } = fork(trunk, one, two, seen);
        const all = [...common, ...branches[0], ...branches[1]];
        for (const { block } of all) await ledger.importBlock(block, OWN, { signal });
        const fresh = (): States =>
          new States(world.state, { blocks: new BlockStore(store, { retention }), rules: world.rules });
        for (const pass of ["stored", "none stored"] as const) {
          if (pass === "none stored") await wipe(store, "state");
          for (const { block, after } of all) {
            const state = await fresh().of(block.id);
            expect(toHex(state.root)).toBe(toHex(block.value.header.stateRoot));
            const back = decodeState(encodeState(state));
            expect([bytesOf(back), toHex(back.root)]).toEqual([bytesOf(after), toHex(after.root)]);
          }
        }
        expect(await store.get(KEYS.head)).toEqual(ledger.head.id);
      }),
      { ...limits, numRuns: 2 },
    );
  });
});
