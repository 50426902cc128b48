// The built command as people run it: start, look, send signals, kill, start again, devnet. Everything on 127.0.0.1.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { CliProcess, cli, needBuild } from "../support/cli-process.ts";
import { writeNetwork } from "../support/e2e-lab.ts";

let dir: string;
let network: string;
const running: CliProcess[] = [];
beforeAll(needBuild);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-e2e-"));
  network = writeNetwork(dir);
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.signal("SIGKILL");
    await child.exit;
  }
  rmSync(dir, { recursive: true, force: true });
});

interface Event {
  readonly event: string;
  readonly status?: NodeStatus;
  readonly height?: number;
}
const data = (): string => join(dir, "node");
const place = (): string[] => ["--data-dir", data(), "--network", network];
const run = (...args: string[]) => cli([...args, ...place()], { cwd: dir });

/** A node in `dir`, started and ready. */
async function node(...args: string[]): Promise<CliProcess> {
  const local = ["--listen", "/ip4/127.0.0.1/tcp/0", "--api-port", "0", "--json"];
  const child = new CliProcess([...args, ...local, ...place()], { cwd: dir });
  running.push(child);
  await child.until(() => child.lines<Event>().find(({ event }) => event === "started"), "the start");
  return child;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("a miner", () => {
  it("mines, answers, holds its directory, stops on SIGINT, and its chain replays", async () => {
    const child = await node("--role", "miner");
    await child.until(() => child.lines<Event>().find(({ event }) => event === "block"), "a block");
    const status = JSON.parse((await run("status", "--json")).out) as NodeStatus;
    expect(status).toMatchObject({ network: "fast", roles: ["miner"], state: "mining" });
    expect(status.height).toBeGreaterThanOrEqual(1);
    expect(status.stats.units).toBeGreaterThan(0);
    expect((await run("wallet", "address")).out.trim()).toBe(status.nodeId);

    for (const command of [["start"], ["chain", "verify"]]) {
      const second = await run(...command);
      expect(second.code).toBe(1);
      expect(second.err).toMatch(/^✗ Another process has the data directory open: .*\.\n {2}Stop the /);
    }

    child.signal("SIGINT");
    expect((await child.exit).code).toBe(0);
    expect(child.err).toContain("Stopping the node ...");
    expect(child.lines<Event>().at(-1)?.event).toBe("stopped");
    expect(existsSync(join(data(), "api.json"))).toBe(false);

    const verified = await run("chain", "verify", "--json");
    expect(verified.code).toBe(0);
    const report = JSON.parse(verified.out) as { ok: boolean; height: number; unitsExecuted: number };
    expect(report.ok).toBe(true);
    expect(report.height).toBeGreaterThanOrEqual(status.height);
    expect(report.unitsExecuted).toBe(report.height);
  });

  it("comes back after SIGKILL with its account and its chain", async () => {
    const first = await node("--role", "miner");
    await first.until(() => first.lines<Event>().find(({ event }) => event === "block"), "a block");
    const before = JSON.parse((await run("status", "--json")).out) as NodeStatus;
    first.signal("SIGKILL");
    await first.exit;

    const lost = await run("status");
    expect([lost.code, lost.out]).toEqual([1, ""]);
    expect(lost.err).toContain("No node runs on");

    const second = await node("--role", "miner");
    const after = second.lines<Event>().find(({ event }) => event === "started")?.status as NodeStatus;
    expect(after.nodeId).toBe(before.nodeId);
    expect(after.peerId).toBe(before.peerId);
    expect(after.height).toBeGreaterThanOrEqual(before.height);
    second.signal("SIGTERM");
    expect((await second.exit).code).toBe(0);
  });
});

describe("what is in the way", () => {
  it("is a listening port: PORT_IN_USE with the next step", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const taken = await run("start", "--listen", `/ip4/127.0.0.1/tcp/${port}`, "--api-port", "off");
    other.close();
    expect(taken.code).toBe(1);
    expect(taken.err).toContain(String(port));
    expect(taken.err.trim().split("\n").at(-1)).toMatch(/^ {2}\S/);
  });

  it("is a command line: usage errors exit 2 and touch nothing", async () => {
    const wrong = await run("start", "--role", "minr");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('did you mean "miner"');
    expect(existsSync(data())).toBe(false);
  });

  it("is nothing, says doctor", async () => {
    const report = JSON.parse((await run("doctor", "--json", "--role", "miner")).out) as {
      selfTest: { ok: boolean };
      impossible: unknown[];
      capabilities: { name: string; state: string }[];
    };
    expect(report.selfTest.ok).toBe(true);
    expect(report.impossible).toEqual([]);
    expect(report.capabilities.find(({ name }) => name === "runtime")?.state).toBe("ready");
  });
});

describe("devnet", () => {
  interface Second {
    readonly agree: boolean;
    readonly nodes: readonly { name: string; role: string; ended: string | null; status: NodeStatus | null }[];
  }
  const devnet = (...args: string[]): CliProcess => {
    const child = new CliProcess(["devnet", "--json", ...args, ...place()], { cwd: dir });
    running.push(child);
    return child;
  };
  const pids = (count: number): number[] | undefined => {
    const found = Array.from({ length: count }, (_, i) => join(data(), `node-${i}`, "api.json")).filter(existsSync);
    if (found.length < count) return undefined;
    return found.map((path) => (JSON.parse(readFileSync(path, "utf8")) as { pid: number }).pid);
  };

  it("runs nodes that find each other and agree, and stops them all on SIGINT", async () => {
    const child = devnet("--miners", "1", "--verifiers", "1");
    const settled = await child.until(
      () =>
        child
          .lines<Second>()
          .find(({ nodes }) => nodes.length === 2 && nodes.every(({ status }) => (status?.settled.height ?? 0) >= 1)),
      "a settled block on both",
      120_000,
    );
    expect(settled.agree).toBe(true);
    expect(settled.nodes.map(({ role }) => role)).toEqual(["miner", "verifier"]);
    for (const { status } of settled.nodes) expect(status?.peers).toBe(1);
    const children = pids(2) as number[];
    child.signal("SIGINT");
    expect((await child.exit).code).toBe(0);
    expect(children.filter(alive)).toEqual([]);
  });

  it("leaves no node behind when it is killed itself", async () => {
    const child = devnet("--miners", "1", "--verifiers", "0", "--peers", "1");
    const children = await child.until(() => pids(2), "both nodes", 90_000);
    child.signal("SIGKILL");
    await child.exit;
    const limit = Date.now() + 20_000;
    while (children.some(alive) && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(children.filter(alive)).toEqual([]);
  });

  it("says so when a node dies, with 1", async () => {
    const child = devnet("--miners", "1", "--verifiers", "0", "--peers", "1");
    const children = await child.until(() => pids(2), "both nodes", 90_000);
    process.kill(children[1] as number, "SIGKILL");
    expect((await child.exit).code).toBe(1);
    expect(child.err).toContain("node-1 (peer) ended by itself: SIGKILL");
    expect(children.filter(alive)).toEqual([]);
  });
});
