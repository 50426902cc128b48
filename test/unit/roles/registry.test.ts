// Roles and their own settings: keys under the role's name, values handed to its start and to no other's.
import { afterEach, describe, expect, it, vi } from "vitest";
import { ROLE_SETTINGS, ROLES, startRoles } from "../../../src/roles/index.ts";

afterEach(() => vi.restoreAllMocks());

describe("roles", () => {
  it("are listed under their own names, with keys of settings under them", () => {
    for (const [name, role] of Object.entries(ROLES)) {
      expect(role.name).toBe(name);
      for (const { key } of role.options ?? []) expect(key.startsWith(`${name}.`)).toBe(true);
    }
    expect(ROLE_SETTINGS.map(({ key }) => key)).toEqual(["miner.tasks"]);
  });

  it("are handed their own settings when they start, and nothing of others", () => {
    const miner = vi.spyOn(ROLES.miner, "start");
    const verifier = vi.spyOn(ROLES.verifier, "start");
    const settings = { miner: { tasks: ["digits-mlp"] } };
    const started = startRoles(["miner", "verifier"], () => true, { workers: 2, settings });
    expect(started.running.map(({ name }) => name)).toEqual(["miner", "verifier", "peer"]);
    expect(miner).toHaveBeenCalledWith({ workers: 2, options: { tasks: ["digits-mlp"] } });
    expect(verifier).toHaveBeenCalledWith({ workers: 2, options: {} });
  });

  it("do not start without what they need", () => {
    const started = startRoles(["miner"], () => false, { workers: 1, settings: { miner: { tasks: [] } } });
    expect(started.running.map(({ name }) => name)).toEqual(["peer"]);
    expect(started.refused).toEqual([{ role: "miner", missing: "runtime" }]);
  });
});
