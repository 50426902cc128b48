// Roles and their own settings: keys under the role's name, values handed to its start and to no other's; which roles start, and what they claim.
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { setting } from "../../../src/base/index.ts";
import {
  anyRole,
  chooseRoles,
  claimsOf,
  PLANNED_ROLES,
  ROLE_NAMES,
  ROLE_SETTINGS,
  ROLES,
  role,
  startRole,
} from "../../../src/roles/index.ts";
import { toyTask } from "../../support/sim.ts";

afterEach(() => vi.restoreAllMocks());

const everything = (): boolean => true;
const names = (roles: readonly { readonly name: string }[]): string[] => roles.map(({ name }) => name);

/** A role as a plugin brings it: counts to its limit. */
const COUNTER_SETTINGS = [
  setting({ key: "counter.limit", schema: z.int().default(3), help: "how far the counter counts" }),
] as const;
type Count = { readonly type: "count"; readonly by: number };
type Ring = { readonly type: "ring"; readonly at: number };
const counter = role<number, Count, Ring, (typeof COUNTER_SETTINGS)[number]>({
  name: "counter",
  bit: 9,
  needs: ["runtime"],
  claims: { checksBeforeRelay: true },
  options: COUNTER_SETTINGS,
  listens: { sync: ({ target }) => ({ type: "count", by: target }) },
  start: ({ options, workers, tasks }) => [-options.limit * workers * tasks.length, [{ type: "ring", at: 0 }]],
  step: (state, event) => {
    if (event.type !== "count") return [state, []];
    const next = state + event.by;
    return [next, next > 0 ? [{ type: "ring", at: next }] : []];
  },
  effects: { ring: () => undefined },
});
const plugin = anyRole(counter);

describe("roles", () => {
  it("are listed under their own names, with keys of settings under them", () => {
    for (const [name, one] of Object.entries(ROLES)) {
      expect(one.name).toBe(name);
      for (const { key } of one.options ?? []) expect(key.startsWith(`${name}.`)).toBe(true);
    }
    expect(ROLE_SETTINGS.map(({ key }) => key)).toEqual(["miner.tasks"]);
    expect(ROLE_NAMES).toEqual([...Object.keys(ROLES), ...PLANNED_ROLES]);
  });

  it("have a bit of the handshake each", () => {
    const bits = Object.values(ROLES).map(({ bit }) => bit);
    for (const bit of bits) expect(Number.isInteger(bit) && bit >= 0 && bit < 2 ** 16).toBe(true);
    // As a bit set no two share one: their sum is their union.
    expect(bits.reduce((all, bit) => all | bit, 0)).toBe(bits.reduce((all, bit) => all + bit, 0));
  });

  it("have an effect for each that their steps ask for, and none besides", () => {
    expect(Object.fromEntries(Object.values(ROLES).map(({ name, effects }) => [name, Object.keys(effects)]))).toEqual({
      miner: ["train", "wait"],
      verifier: ["attest"],
      peer: [],
    });
  });

  it("are handed their own settings when they start, and nothing of others", () => {
    const miner = vi.spyOn(ROLES.miner, "start");
    const verifier = vi.spyOn(ROLES.verifier, "start");
    const settings = { miner: { tasks: ["digits-mlp"] }, counter: { limit: 5 } };
    const { roles } = chooseRoles(["miner", "verifier"], everything);
    const started = roles.map((one) => startRole(one, { workers: 2, settings, tasks: [toyTask] }));
    expect(started.map((running) => running.role.name)).toEqual(["miner", "verifier", "peer"]);
    expect(miner).toHaveBeenCalledExactlyOnceWith({ workers: 2, options: { tasks: ["digits-mlp"] }, tasks: [toyTask] });
    expect(verifier).toHaveBeenCalledExactlyOnceWith({ workers: 2, options: {}, tasks: [toyTask] });
  });

  it("do not start without what they need", () => {
    const { roles, refused } = chooseRoles(["miner"], () => false);
    expect(names(roles)).toEqual(["peer"]);
    expect(refused).toEqual([{ role: "miner", missing: "runtime" }]);
  });

  it("are chosen once each, in the order asked for, the peer always", () => {
    expect(names(chooseRoles([], everything).roles)).toEqual(["peer"]);
    expect(names(chooseRoles(["peer", "miner", "miner", "verifier"], everything).roles)).toEqual([
      "peer",
      "miner",
      "verifier",
    ]);
    expect(names(chooseRoles(["verifier", "miner"], everything).roles)).toEqual(["verifier", "miner", "peer"]);
  });

  it("that this version does not have are refused by name, and the others start", () => {
    const { roles, refused } = chooseRoles(["supervisor", "miner", "client"], everything);
    expect(names(roles)).toEqual(["miner", "peer"]);
    expect(refused).toEqual([
      { role: "supervisor", missing: undefined },
      { role: "client", missing: undefined },
    ]);
  });

  it("claim together what any of them claims", () => {
    const claims = (...wanted: string[]) => claimsOf(chooseRoles(wanted, everything, [plugin]).roles);
    expect(claims()).toEqual({ leads: false, checksBeforeRelay: false, watchesAudits: false });
    expect(claims("miner")).toEqual({ leads: true, checksBeforeRelay: false, watchesAudits: false });
    expect(claims("verifier")).toEqual({ leads: false, checksBeforeRelay: true, watchesAudits: true });
    expect(claims("miner", "verifier")).toEqual({ leads: true, checksBeforeRelay: true, watchesAudits: true });
    expect(claims("counter")).toEqual({ leads: false, checksBeforeRelay: true, watchesAudits: false });
    // What did not start claims nothing.
    expect(claimsOf(chooseRoles(["miner", "verifier"], () => false).roles)).toEqual({
      leads: false,
      checksBeforeRelay: false,
      watchesAudits: false,
    });
  });
});

describe("a plugin's role", () => {
  it("is chosen by its name like the others, and refused like them", () => {
    expect(names(chooseRoles(["counter"], everything, [plugin]).roles)).toEqual(["counter", "peer"]);
    expect(chooseRoles(["counter"], everything).refused).toEqual([{ role: "counter", missing: undefined }]);
    expect(chooseRoles(["counter"], () => false, [plugin]).refused).toEqual([{ role: "counter", missing: "runtime" }]);
    expect(names(chooseRoles(["miner"], everything, [plugin]).roles)).toEqual(["miner", "peer"]);
  });

  it("starts with its own settings, and keeps its state between steps", () => {
    const running = startRole(plugin, {
      workers: 2,
      settings: { counter: { limit: 4 }, miner: { tasks: [] } },
      tasks: [toyTask],
    });
    expect(running.first).toEqual([{ type: "ring", at: 0 }]);
    const count = (by: number): unknown => running.step({ type: "count", by } as never);
    expect(count(8)).toEqual([]);
    expect(running.step({ type: "pause" })).toEqual([]);
    expect(count(1)).toEqual([{ type: "ring", at: 1 }]);
    expect(count(1)).toEqual([{ type: "ring", at: 2 }]);
  });

  it("is started anew each time: two of one kind share nothing", () => {
    const inputs = { workers: 1, settings: { counter: { limit: 0 } }, tasks: [toyTask] };
    const [one, two] = [startRole(plugin, inputs), startRole(plugin, inputs)];
    const count = { type: "count", by: 1 } as never;
    one.step(count);
    expect(one.step(count)).toEqual([{ type: "ring", at: 2 }]);
    expect(two.step(count)).toEqual([{ type: "ring", at: 1 }]);
  });
});
