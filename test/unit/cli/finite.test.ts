// The commands that run to an end: doctor, bench, chain verify. Their reports, exit codes and interruption.
import { describe, expect, it } from "vitest";
import type { CliDeps } from "../../../src/cli/deps.ts";
import { clockReport } from "../../../src/cli/views/status.ts";
import type { BenchReport, DoctorReport, VerifyReport } from "../../../src/node/index.ts";
import { fakeDeps, fakeIo, run } from "../../support/fake-io.ts";
import { aStatus } from "../../support/fake-view.ts";

const doctor: DoctorReport = {
  version: "0.1.0",
  node: "v20.0.0",
  platform: "linux x64",
  cores: 4,
  memoryBytes: 8 * 2 ** 30,
  capabilities: aStatus().capabilities,
  providers: [
    {
      provider: "cuda",
      state: "refused",
      reason: "no library",
      remedy: "install it",
      library: undefined,
      stepMs: undefined,
    },
    { provider: "cpu", state: "chosen", reason: "conforms", remedy: undefined, library: "ort 1", stepMs: 14.6 },
  ],
  selfTest: { ok: true, sentence: "the same bits" },
  impossible: [],
};
const bench: BenchReport = {
  model: "digits-mlp",
  provider: "cpu",
  workers: 2,
  seconds: 5.02,
  units: 20,
  unitsPerSecond: 3.98,
  stepsPerSecond: 1992,
  graphMs: 340,
  unitMs: 350,
  graphShare: 0.971,
};
const verified: VerifyReport = {
  ok: true,
  height: 12,
  blocks: 12,
  records: 40,
  unitsExecuted: 12,
  unitsFrom: 1,
  problem: undefined,
  seconds: 3.4,
  stateRoot: "ab",
  supply: "120",
};

describe("doctor", () => {
  it("prints what is there, what is not and why, and exits 0", async () => {
    const io = fakeIo();
    expect(await run("doctor", io, fakeDeps({ diagnose: async () => doctor }))).toBe(0);
    expect(io.out()).toMatch(/^pouw-node 0\.1\.0, Node v20\.0\.0, linux x64, 4 cores, 8\.0 GB$/m);
    expect(io.out()).toMatch(/^cuda +refused +- +no library\n +install it$/m);
    expect(io.out()).toMatch(/^cpu +chosen +15 ms +conforms$/m);
    expect(io.out()).toContain("self-test: passed, the same bits");
    expect(io.out()).toContain("A node can run here.");
  });

  it.each([
    [-1_999, "ready", /^1999 ms behind the peers'/],
    [250, "ready", /^250 ms ahead of the peers'/],
    [20_000, "absent", /^This clock is 20 s ahead of its peers'/],
    [undefined, "ready", /while a node runs/],
  ])("says of a clock that is off by %s ms: %s", (offsetMs, state, reason) => {
    expect(clockReport(offsetMs)).toMatchObject({ state, reason: expect.stringMatching(reason) });
  });

  it("exits 3 when an asked-for role cannot run, and hands the settings on", async () => {
    const io = fakeIo();
    let roles: readonly string[] = [];
    const diagnose = async (options: { roles: readonly string[] }): Promise<DoctorReport> => {
      roles = options.roles;
      return { ...doctor, impossible: [{ role: "miner", reason: "needs runtime: absent" }] };
    };
    expect(await run("doctor --role miner", io, fakeDeps({ diagnose }))).toBe(3);
    expect(roles).toEqual(["miner"]);
    expect(io.out()).toContain("role miner cannot run here: it needs runtime: absent");
    expect(io.out()).not.toContain("A node can run here.");
  });

  it("exits 3 when the provider that was asked for was refused, and 0 when nobody asked for it", async () => {
    const io = fakeIo();
    const deps = fakeDeps({ diagnose: async () => doctor });
    expect(await run("doctor --provider cuda", io, deps)).toBe(3);
    expect(io.out()).toContain("provider cuda was asked for and cannot train here");
    expect(await run("doctor --provider cpu", fakeIo(), deps)).toBe(0);
  });

  it("prints JSON", async () => {
    const io = fakeIo();
    await run("doctor --json", io, fakeDeps({ diagnose: async () => doctor }));
    const clock = clockReport(undefined);
    const whole = { ...doctor, capabilities: [...doctor.capabilities, clock] };
    expect(JSON.parse(io.out())).toEqual(JSON.parse(JSON.stringify(whole)));
  });
});

describe("bench", () => {
  it("prints the figures", async () => {
    const io = fakeIo();
    let asked = 0;
    const deps = fakeDeps({
      bench: async (_options, { seconds }) => {
        asked = seconds;
        return bench;
      },
    });
    expect(await run("bench --seconds 5", io, deps)).toBe(0);
    expect(asked).toBe(5);
    expect(io.out()).toMatch(/^speed +3\.98 units\/s, 1992 steps\/s$/m);
    expect(io.out()).toMatch(/^training +97\.1 %$/m);
  });

  it("is interrupted with 130", async () => {
    const io = fakeIo();
    const deps = fakeDeps({
      bench: (_options, { signal }) =>
        new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason as Error))),
    });
    const code = run("bench", io, deps);
    io.interrupt();
    expect(await code).toBe(130);
    expect(io.err()).toContain("✗ Interrupted.");
    expect([io.out(), io.listeners.size]).toEqual(["", 0]);
  });
});

describe("chain verify", () => {
  it("says that the chain holds, and whether units are run again", async () => {
    const io = fakeIo();
    const asked: boolean[] = [];
    const deps = fakeDeps({
      verify: async (_options, { reexecute, onProgress }) => {
        asked.push(reexecute);
        onProgress(6, 12);
        return verified;
      },
    });
    expect(await run("chain verify", io, deps)).toBe(0);
    expect(await run("chain verify --no-reexecute", io, deps)).toBe(0);
    expect(asked).toEqual([true, false]);
    expect(io.out()).toContain("The chain holds: 12 blocks checked.");
    expect(io.out()).toMatch(/^supply +120$/m);
    expect(io.err()).toBe("");
  });

  it("tells a terminal how far it is, in blocks", async () => {
    const io = fakeIo();
    Object.assign(io.stderr, { isTTY: true });
    const verify: CliDeps["verify"] = async (_options, { onProgress }) => {
      onProgress(6, 12);
      return verified;
    };
    expect(await run("chain verify", io, fakeDeps({ verify }))).toBe(0);
    expect(io.err()).toContain("50 %  block 6 of 12");
  });

  it("takes the tasks whose units are run again, as start takes those to follow", async () => {
    const io = fakeIo();
    const asked: (readonly string[])[] = [];
    const deps = fakeDeps({
      verify: async ({ tasks }) => {
        asked.push(tasks);
        return verified;
      },
    });
    expect(await run("chain verify --task digits-mlp --task digits-cnn,chars-transformer", io, deps)).toBe(0);
    expect(await run("chain verify", io, deps)).toBe(0);
    expect(asked).toEqual([["digits-mlp", "digits-cnn", "chars-transformer"], []]);
  });

  it("exits 1 on a chain that does not hold, naming the height", async () => {
    const io = fakeIo();
    const problem = { height: 7, reason: "the winning unit ends at other bits" };
    const deps = fakeDeps({ verify: async () => ({ ...verified, ok: false, problem }) });
    expect(await run("chain verify", io, deps)).toBe(1);
    expect(io.out()).toContain("Wrong at height 7: the winning unit ends at other bits.");
  });
});
