// The command with little: few open files, little address space, and as the first process of a container.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliProcess, needBuild } from "../support/cli-process.ts";
import { eventually, Lab, SHORT_TASK } from "../support/e2e-lab.ts";

const AS_FIRST = ["unshare", "--pid", "--fork", "--kill-child"];
const NO_FIRST = spawnSync(AS_FIRST[0] as string, [...AS_FIRST.slice(1), "true"]).status !== 0;
/** Longer than what counts as one press. */
const NEXT_PRESS_MS = 400;

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
      expect(child.err).toMatch(new RegExp(`^✗ [^\n]*${what}[^\n]*\n  [^\n]*${remedy}\n$`));
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

describe.skipIf(NO_FIRST)("the first process of a container", () => {
  /** What `unshare` started, and what signals go to. */
  const first = (pid: number): number =>
    Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);

  it("stops at one signal, and ends at the second", async () => {
    const network = lab.network({}, [{ ...SHORT_TASK, steps: 8_000 }]);
    for (const presses of [1, 2]) {
      const node = await lab.nodeIn({ under: AS_FIRST }, "miner", network, "--role", "miner");
      const pid = first(node.process.pid);
      await eventually(() => (node.losses().length > 0 ? true : undefined), "a unit", 90_000);
      node.process.signalled = true;
      process.kill(pid, "SIGTERM");
      await node.process.until(() => (node.process.err.includes("Stopping the node") ? true : undefined), "its word");
      if (presses === 2) {
        await delay(NEXT_PRESS_MS);
        process.kill(pid, "SIGTERM");
      }
      const { code } = await node.process.exit;
      // Process 1 waits for the unit under way, and may have stopped cleanly by then.
      expect(presses === 1 ? [0] : [0, 130]).toContain(code);
    }
    expect(await lab.verify("miner", network)).toMatchObject({ ok: true });
  });
});
