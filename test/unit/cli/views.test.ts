// Views are functions from data to lines: their alignment, numbers, and what they leave out.
import fc from "fast-check";
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { colorsFor, isLive } from "../../../src/cli/io.ts";
import { agreementLine, type DevnetRow, disagreements, renderDevnet } from "../../../src/cli/views/devnet.ts";
import { follow, newLiveState, renderLive, squeeze } from "../../../src/cli/views/live.ts";
import { bar } from "../../../src/cli/views/progress.ts";
import {
  blockTable,
  capabilityLines,
  peerLines,
  statusLines,
  transactionLines,
} from "../../../src/cli/views/status.ts";
import {
  clip,
  duration,
  flow,
  foldTable,
  formatAmount,
  parseAmount,
  percent,
  short,
  sparkline,
  table,
  widthOf,
} from "../../../src/cli/views/text.ts";
import type { NodeStatus } from "../../../src/node/index.ts";
import { aBlock, aPeer, aStatus, aTask, aTransaction, fakeView, hexOf } from "../../support/fake-view.ts";

const plain = pc.createColors(false);
const colored = pc.createColors(true);

describe("amounts", () => {
  it("read what they write", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }), (units) => {
        expect(parseAmount(formatAmount(units))).toBe(units);
      }),
    );
  });

  it("are coins with at most six decimals", () => {
    expect(formatAmount("10500000")).toBe("10.5");
    expect(formatAmount("1")).toBe("0.000001");
    expect(formatAmount("0")).toBe("0");
    expect(formatAmount(-1_500_000n)).toBe("-1.5");
    expect(parseAmount("0.25")).toBe(250_000n);
    for (const text of ["", "-1", "1.", ".5", "1e3", "0.1234567", "1,5", "0x10"])
      expect(parseAmount(text), text).toBeUndefined();
  });
});

describe("text", () => {
  it("aligns columns by what is seen, not by colour codes", () => {
    const lines = table(
      [
        ["a", colored.red("1"), "end"],
        ["long", "22", "x"],
      ],
      [1],
    );
    expect(lines[0]).toBe(`a      ${colored.red("1")}  end`);
    expect(lines[1]).toBe("long  22  x");
  });

  it("clips to the terminal and closes colours", () => {
    expect(clip("short", 10)).toBe("short");
    const line = clip(colored.red("0123456789"), 6);
    expect(widthOf(line)).toBe(6);
    expect(line).toContain("\u001b[39m");
  });

  it("folds a table that is too wide, with its first column at every fold, and cuts only what no line can hold", () => {
    const rows = [
      ["NODE", "STATE", "HEIGHT", "LONG"],
      ["a", "mining", "9", "0123456789"],
      ["bb", "starting"],
    ];
    expect(foldTable(rows, 40, [2])).toEqual(table(rows, [2]));
    expect(foldTable(rows, 24, [2])).toEqual([
      "NODE  STATE     HEIGHT",
      "a     mining         9",
      "bb    starting",
      "NODE  LONG",
      "a     0123456789",
    ]);
    expect(foldTable(rows, 12, [2]).at(-1)).toBe("a     01234…");
  });

  it("lets parts flow into the next line, and breaks only what no line can hold", () => {
    expect(flow(["one", "", "two", "three"], 80)).toEqual(["one  two  three"]);
    expect(flow(["one", "two", "three"], 9)).toEqual(["one  two", "  three"]);
    expect(flow(["0123456789abcdef", "x"], 10)).toEqual(["0123456789", "abcdef", "  x"]);
    const lines = flow([colored.red("0123456789")], 6);
    expect(lines.map(widthOf)).toEqual([6, 4]);
    expect(lines.join("")).toBe(colored.red("0123456789"));
  });

  it("draws falling losses as falling bars", () => {
    expect(sparkline([4, 3, 2, 1], 10)).toBe("█▆▃▁");
    expect(sparkline([1, 1], 10)).toBe("▁▁");
    expect(sparkline([9, 9, 1, 2], 2)).toBe("▁█");
    expect(sparkline([], 5)).toBe("");
    expect(sparkline([Number.NaN, 1], 5)).toBe("▁");
    expect(squeeze([4, 2, 1, 1, 0], 3)).toEqual([3, 1, 0]);
    expect(squeeze([1, 2], 5)).toEqual([1, 2]);
  });

  it("writes durations, shares and ids", () => {
    expect([0, 59.9, 61, 3725].map(duration)).toEqual(["0s", "59s", "1m 01s", "1h 02m"]);
    expect([percent(0.9512), percent(undefined), percent(Number.NaN)]).toEqual(["95.1 %", "-", "-"]);
    expect([short("abc", 5), short("abcdefgh", 5)]).toEqual(["abc", "abcde…"]);
    expect(bar(0.5, "half")).toMatch(/^█{15}░{15} {2}50 % {2}half$/);
  });
});

describe("colour and live screens", () => {
  const tty = { write: () => undefined, isTTY: true };
  const pipe = { write: () => undefined };
  it("are for terminals, unless the environment says otherwise", () => {
    expect(colorsFor(tty, {}).isColorSupported).toBe(true);
    expect(colorsFor(pipe, {}).isColorSupported).toBe(false);
    expect(colorsFor(tty, { NO_COLOR: "1" }).isColorSupported).toBe(false);
    expect(colorsFor(tty, { NO_COLOR: "" }).isColorSupported).toBe(true);
    expect(colorsFor(tty, { TERM: "dumb" }).isColorSupported).toBe(false);
    expect(colorsFor(pipe, { FORCE_COLOR: "1" }).isColorSupported).toBe(true);
    expect([isLive(tty, {}), isLive(pipe, {}), isLive(tty, { TERM: "dumb" }), isLive(tty, { CI: "true" })]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("the live screen", () => {
  const view = { colors: plain, columns: 120, now: aStatus().tip.time + 3000, apiUrl: "http://127.0.0.1:9480" };

  it("shows what a miner wants to know, within the terminal's width", () => {
    const state = newLiveState();
    state.losses.set("digits-mlp", [2.3, 1.1, 0.4]);
    state.blocks.push({ height: 9, hash: hexOf(9), miner: hexOf(200), time: aStatus().tip.time, own: true });
    state.alerts.push({ kind: "equivocation", sentence: "two blocks with one win" });
    const lines = renderLive(aStatus(), state, view);
    const text = lines.join("\n");
    for (const part of [
      "pouw-node 0.1.0  devnet  mining  miner, verifier  up 1m 01s",
      "height 9",
      "3s ago",
      "peers 2",
      "balance 0.00015 (+0.00004 maturing)",
      "digits-mlp  round 12  loss 1.2667 █▅▁  accuracy 95.1 %  parameters 9f9f9f9f…",
      "2.50 units/s on cpu  training 97.0 %  draws 60000",
      "blocks won 3",
      "by this node",
      "absent: cuda",
      "role evaluator not running: this version has no evaluator",
      "alert: two blocks with one win",
      "API http://127.0.0.1:9480",
    ])
      expect(text).toContain(part);
    for (const line of renderLive(aStatus(), state, { ...view, columns: 40 }))
      expect(widthOf(line)).toBeLessThanOrEqual(40);
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
      "chars (chars-transformer) round 3 loss 3.5000",
      "chars-transformer round 3 not followed parameters a0a0a0a0…",
      "balance 0.00015 (+0.00004 maturing)",
      "rewards 0.00019",
      "API http://127.0.0.1:9480 Ctrl-C stops",
    ])
      expect(words(text).join(" ")).toContain(part);
    // Whole, though a narrow terminal breaks it.
    expect(lines.join("")).toContain(status.addresses[0]);
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

describe("status, peers, blocks, capabilities", () => {
  it("name what they show", () => {
    const status = statusLines(aStatus(), plain).join("\n");
    expect(status).toMatch(/^state +mining, up 1m 01s, version 0\.1\.0$/m);
    expect(status).toContain("evaluator not running");
    expect(status).toMatch(
      /^task +digits-mlp round 12, parameters 9f9f9f9f9f…\n +followed, loss 0\.2500, accuracy 95\.1 %$/m,
    );
    expect(peerLines([], 0, plain)).toEqual(["No peers."]);
    const peers = peerLines(
      [aPeer(), aPeer({ agent: undefined, latencyMs: undefined })],
      aPeer().connectedAt + 5000,
      plain,
    );
    expect(peers[1]).toMatch(/^12D3KooWOther .* out +pouw-node\/0\.1\.0 +1\.5 +3 ms +5s$/);
    expect(peers[2]).toMatch(/ - +1\.5 +- +5s$/);
    expect(blockTable([aBlock(4)], plain)[1]).toMatch(/^ +4 +0404040404040404… +2023-11-14 22:13:36 .* executed$/);
    expect(blockTable([aBlock(4)], plain)[0]).toMatch(/ TRANSACTIONS +CHECKED$/);
    expect(capabilityLines(aStatus().capabilities, plain)).toEqual([
      "runtime  ready   cpu, 2 workers",
      "cuda     absent  no CUDA libraries",
      "    install CUDA 12",
    ]);
  });

  it("status has every task of the network in lines that a terminal of 60 columns holds", () => {
    const tasks = [
      aTask({ name: "digits-cnn", model: "digits-cnn", followed: true, loss: 10.25, accuracy: 1 }),
      aTask(),
    ];
    const lines = statusLines(aStatus({ tasks }), plain);
    const at = lines.findIndex((line) => line.startsWith("task"));
    expect(lines.slice(at, at + 4).map((line) => line.trim().replace(/ {2,}/g, " "))).toEqual([
      "task digits-cnn round 3, parameters a0a0a0a0a0…",
      "followed, loss 10.2500, accuracy 100.0 %",
      "task chars-transformer round 3, parameters a0a0a0a0a0…",
      "not followed, loss -, accuracy -",
    ]);
    for (const line of lines.slice(at, at + 4)) expect(widthOf(line)).toBeLessThanOrEqual(60);
    expect(statusLines(aStatus({ tasks: [aTask({ name: "mine" })] }), plain).join("\n")).toContain(
      "mine (chars-transformer) round",
    );
  });

  it("a transaction is shown by its kind's own fields: money in coins, the rest as it is", () => {
    expect(transactionLines(aTransaction({ height: undefined, block: undefined }), plain)).toEqual([
      `id      ${hexOf(77)}`,
      "kind    transfer",
      `from    ${hexOf(200)}`,
      `to      ${hexOf(201)}`,
      "amount  0.00001",
      "fee     0.000001, nonce 0",
      "block   waiting",
    ]);
    const other = aTransaction({
      kind: "stake",
      payload: { stakeAmount: "2500000", node: "0", blob: "ab".repeat(500) },
    });
    const lines = transactionLines(other, plain);
    expect(lines.slice(3, 6)).toEqual(["stakeAmount  2.5", "node         0", `blob         ${"ab".repeat(64)}…`]);
    expect(transactionLines(aTransaction({ payload: { amount: "all" } }), plain)).toContain("amount  all");
  });
});
