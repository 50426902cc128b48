// The screens that redraw themselves: `start` with its tasks, and `devnet` with its nodes, whole at every width.
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { agreementLine, type DevnetRow, disagreements, renderDevnet } from "../../../src/cli/views/devnet.ts";
import { follow, linesToCopy, newLiveState, renderLive } from "../../../src/cli/views/live.ts";
import { lossWord, widthOf } from "../../../src/cli/views/text.ts";
import type { NodeStatus } from "../../../src/node/index.ts";
import { addressOf, aStatus, aTask, fakeView, hexOf } from "../../support/fake-view.ts";

const plain = pc.createColors(false);

describe("the live screen", () => {
  const view = {
    colors: plain,
    columns: 120,
    rows: 60,
    now: aStatus().tip.time + 3000,
    apiUrl: "http://127.0.0.1:9480",
  };

  it("shows what a miner wants to know, within the terminal's width", () => {
    const state = newLiveState();
    state.losses.set("digits-mlp", [2.3, 1.1, 0.4]);
    state.blocks.push({ height: 9, hash: hexOf(9), miner: addressOf(200), time: aStatus().tip.time, own: true });
    state.alerts.push({ kind: "equivocation", sentence: "two blocks with one win" });
    const lines = renderLive(aStatus(), state, view);
    const text = lines.join("\n");
    for (const part of [
      "pouw-node 0.1.0  devnet  mining  miner, verifier  up 1m 01s",
      "height 9",
      "3s ago",
      "peers 2",
      "balance 150.25 (+40 maturing)",
      "digits-mlp  round 12  loss 1.2667 █▅▁  accuracy 95.1 %  parameters 9f9f9f9f…",
      "2.50 units/s on cpu  training 97.0 %  draws 60000",
      "blocks won 3",
      "by this node",
      "cuda is absent: no CUDA libraries",
      "role evaluator not running: this version has no evaluator",
      "alert: two blocks with one win",
      "API http://127.0.0.1:9480",
    ])
      expect(text).toContain(part);
    for (const line of renderLive(aStatus(), state, { ...view, columns: 40 }))
      expect(widthOf(line)).toBeLessThanOrEqual(40);
  });

  it("says how far a sync has come and where it is to get to", () => {
    const behind = aStatus({ state: "syncing", syncProgress: 0.24, height: 120, targetHeight: 500 });
    const text = renderLive(behind, newLiveState(), view).join("\n");
    expect(text).toContain("syncing 24 %");
    expect(text).toContain("height 120 of 500");
    // What no task has takes no room.
    const unscored = aStatus({ tasks: [aTask()] });
    expect(renderLive(unscored, newLiveState(), view).join("\n")).toContain("not followed  parameters");
  });

  it("begins with the address that others can dial, and shows it and the account whole where they fit", () => {
    const addresses = ["/ip4/127.0.0.1/tcp/9444/p2p/12D3KooWx", "/ip4/192.0.2.7/tcp/9444/p2p/12D3KooWx"];
    const lines = renderLive(aStatus({ addresses }), newLiveState(), { ...view, columns: 80 });
    expect(lines.slice(1, 3)).toEqual([addresses[1], `account ${addressOf(200)}`]);
    const alone = renderLive(aStatus({ addresses: addresses.slice(0, 1) }), newLiveState(), view);
    expect(alone[1]).toBe(addresses[0]);
  });

  it("shows small losses with digits that move", () => {
    expect([2.5, 0.01, 0.000123, 0.0000004, undefined].map(lossWord)).toEqual([
      "2.5000",
      "0.0100",
      "0.00012",
      "4.0e-7",
      "-",
    ]);
  });

  const several = [aStatus().tasks[0] ?? aTask(), aTask({ name: "chars", id: hexOf(6), followed: true }), aTask()];
  const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

  it.each([60, 80, 120])("shows several tasks at %i columns, and nothing of them is lost", (columns) => {
    const status = aStatus({ tasks: several, addresses: [`/ip4/127.0.0.1/tcp/9444/p2p/12D3KooW${"x".repeat(44)}`] });
    const state = newLiveState();
    state.losses.set(
      "digits-mlp",
      Array.from({ length: 24 }, (_, i) => 2.5 / (i + 1)),
    );
    state.losses.set("chars", [3.5]);
    const lines = renderLive(status, state, { ...view, columns });
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    const text = lines.join(" ");
    for (const part of [
      "digits-mlp round 12 loss 0.1653",
      "accuracy 95.1 % parameters 9f9f9f9f…",
      "season 3 (learningRate 0.02), block 41 of 64; best 97.4 %, season 2",
      "chars (chars-transformer) round 3 loss 3.5000",
      "chars-transformer round 3 not followed parameters a0a0a0a0…",
      "balance 150.25 (+40 maturing)",
      "rewards 190",
      "API http://127.0.0.1:9480 Ctrl-C stops",
    ])
      expect(words(text).join(" ")).toContain(part);
    // Where it is whole it can be copied; a narrow terminal has it above the screen.
    const [address = ""] = status.addresses;
    expect(text).toContain(columns === 120 ? address : address.slice(0, 25));
    expect(linesToCopy(status)[0]).toBe(`Others join with: --bootstrap ${address}`);
  });

  it("keeps the losses of each task apart", () => {
    const { events } = fakeView();
    const state = newLiveState();
    follow(state, { on: (event, listener) => events.on(event, listener) });
    for (const [task, loss] of [
      ["a", 3],
      ["b", 2],
      ["a", 1],
    ] as const)
      events.emit("unit", { task, round: 0, loss, graphMs: 1 });
    expect([...state.losses]).toEqual([
      ["a", [3, 1]],
      ["b", [2]],
    ]);
  });

  it("is quiet about what is not there", () => {
    const status = aStatus({ rolesRefused: [], capabilities: [], immature: "0", tasks: [], provider: undefined });
    const text = renderLive(status, newLiveState(), { ...view, apiUrl: undefined }).join("\n");
    for (const part of ["absent", "alert", "not running", "maturing", "threat"]) expect(text).not.toContain(part);
    expect(text).toContain("on nothing");
    expect(text).toContain("no API");
  });
});

describe("devnet", () => {
  const row = (name: string, changes: Partial<DevnetRow> = {}): DevnetRow => ({
    name,
    role: "miner",
    trains: undefined,
    status: aStatus(),
    ended: undefined,
    ...changes,
  });
  const other = aStatus({ settled: { ...aStatus().settled, parametersDigest: hexOf(1) } });

  it("sees nodes that differ at one height, and only those", () => {
    expect(disagreements([row("a"), row("b"), row("c", { status: undefined })])).toEqual([]);
    expect(disagreements([row("a"), row("b", { status: other })])).toEqual(["a and b differ at height 7"]);
    const later = aStatus({ settled: { ...aStatus().settled, height: 8, hash: hexOf(8) } });
    expect(disagreements([row("a"), row("b", { status: later })])).toEqual([]);
    expect(agreementLine([row("a"), row("b", { status: later })], plain)).toBe("2 nodes agree, settled at 7 to 8");
    expect(agreementLine([row("a")], plain)).toMatch(/^1 node agrees, /);
    expect(agreementLine([row("a", { status: undefined })], plain)).toBe("no node answers yet");
  });

  const tasks = [aStatus().tasks[0] ?? aTask(), aTask()];
  const standing = (digest: string) => ({ task: hexOf(5), round: 3, parametersDigest: digest });
  const withTwo = (digest: string): NodeStatus => {
    const { settled } = aStatus();
    return aStatus({ tasks, settled: { ...settled, tasks: [...settled.tasks, standing(digest)] } });
  };

  it("compares the settled parameters of every task", () => {
    const [a, b, c] = [hexOf(160), hexOf(160), hexOf(161)].map((digest, i) =>
      row(`n${i}`, { status: withTwo(digest) }),
    );
    expect(disagreements([a, b] as DevnetRow[])).toEqual([]);
    const apart = disagreements([a, b, c] as DevnetRow[]);
    expect(apart).toEqual(["n0 and n2 differ at height 7 in the parameters of chars-transformer"]);
    expect(agreementLine([a, c] as DevnetRow[], plain)).toBe(
      "n0 and n2 differ at height 7 in the parameters of chars-transformer",
    );
    // A node that does not know a task at all is no node that agrees.
    expect(disagreements([a, row("old")] as DevnetRow[])).toHaveLength(1);
    expect(disagreements([row("old"), a] as DevnetRow[])).toHaveLength(1);
  });

  it.each([60, 80, 120])("shows every task of every node at %i columns, and nothing is lost", (columns) => {
    const rows = [
      row("node-0", { status: withTwo(hexOf(160)), trains: "digits-mlp" }),
      row("node-1", { status: withTwo(hexOf(160)), trains: "chars-transformer" }),
      row("node-2", { role: "verifier", status: withTwo(hexOf(160)) }),
      row("node-3", { role: "peer", status: undefined }),
    ];
    const lines = renderDevnet(rows, { colors: plain, columns, seconds: 65, dir: "/tmp/pouw-devnet-x" });
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    const text = lines.join("\n");
    expect(text).not.toMatch(/…\n.*NODE.*…$/m);
    for (const head of ["ROLE", "STATE ROOT", "TRAINS", "DIGITS-MLP", "CHARS-TRANSFORMER", "PEERS", "UNITS/S", "MINED"])
      expect(text.split(head)).toHaveLength(2);
    expect(text.match(/9d9d9d9d… 95\.1 %/g)).toHaveLength(3);
    expect(text.match(/a0a0a0a0… -/g)).toHaveLength(3);
    expect(text).toMatch(/node-1.* chars-transformer/);
    expect(text).toContain("3 nodes agree, settled at 7");
    expect(text).toContain("Ctrl-C stops all");
  });

  it("draws a row per node", () => {
    const rows = [
      row("node-0"),
      row("node-1", { role: "verifier", status: undefined }),
      row("node-2", { ended: "SIGKILL" }),
    ];
    const lines = renderDevnet(rows, { colors: plain, columns: 200, seconds: 65, dir: "/tmp/x" });
    expect(lines[0]).toBe("pouw-node devnet  3 nodes  up 1m 05s");
    expect(lines[2]).toMatch(/^node-0 +miner +mining +9 +7 07070707… +6b6b6b6b… +9d9d9d9d… +95\.1 % +2 +2\.50 +3$/);
    expect(lines[3]).toMatch(/^node-1 +verifier +starting/);
    expect(lines[4]).toMatch(/^node-2 +miner +SIGKILL/);
  });
});
