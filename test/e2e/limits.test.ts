// The command with little: few open files, little address space.

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliProcess, needBuild } from "../support/cli-process.ts";
import { eventually, Lab } from "../support/e2e-lab.ts";

const limited = (limit: string): string[] => ["sh", "-c", `${limit} && exec "$@"`, "sh"];

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

describe.skipIf(process.platform !== "linux")("a process that may not have what the program takes", () => {
  it.each([
    ["ulimit -n 128", "ulimit -n 4096", "open as many files"],
    ["ulimit -v 1572864", "ulimit -v unlimited", "reserve as much address space"],
  ])("(%s) says so in a sentence, and its next step helps", async (limit, remedy, what) => {
    for (const command of [["version"], ["start", "--network", lab.network()]]) {
      const child = new CliProcess(command, { cwd: lab.dir, under: limited(limit) });
      expect(await child.exit).toEqual({ code: 1, signal: null });
      expect(child.out).toBe("");
      expect(child.err).toMatch(new RegExp(`^✗ [^\n]*${what}[^\n]*\n  [^\n]*\`${remedy}\`.\n$`));
    }
    // A control: the same way without the limit.
    const child = new CliProcess(["version"], { cwd: lab.dir, under: limited(remedy) });
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it("mines with 256 files and says what else it lacks", async () => {
    const node = await lab.nodeIn({ under: limited("ulimit -n 256") }, "miner", lab.network(), "--role", "miner");
    await eventually(() => (node.told() > 2 ? true : undefined), "blocks");
    expect((await node.api.status()).health.every(({ ok }) => ok)).toBe(true);
    expect(await node.stop()).toBe(0);
  });
});
