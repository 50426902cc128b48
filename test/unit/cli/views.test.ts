// Views are functions from data to lines: their alignment, numbers, and what they leave out.
import fc from "fast-check";
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { colorsFor, isLive } from "../../../src/cli/io.ts";
import { agreementLine, type DevnetRow, disagreements, renderDevnet } from "../../../src/cli/views/devnet.ts";
import { newLiveState, renderLive, squeeze } from "../../../src/cli/views/live.ts";
import { bar } from "../../../src/cli/views/progress.ts";
import { blockTable, capabilityLines, peerLines, statusLines } from "../../../src/cli/views/status.ts";
import {
    clip,
    duration,
    formatAmount,
    parseAmount,
    percent,
    short,
    sparkline,
    table,
    widthOf,
} from "../../../src/cli/views/text.ts";
import { aBlock, aPeer, aStatus, hexOf } from "../../support/fake-view.ts";

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
    state.losses.push(2.3, 1.1, 0.4);
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
      "digits-mlp  round 12   loss 1.2667 █▅▁   accuracy 95.1 %",
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
    expect(peerLines([], 0, plain)).toEqual(["No peers."]);
    const peers = peerLines(
      [aPeer(), aPeer({ agent: undefined, latencyMs: undefined })],
      aPeer().connectedAt + 5000,
      plain,
    );
    expect(peers[1]).toMatch(/^12D3KooWOther .* out +pouw-node\/0\.1\.0 +1\.5 +3 ms +5s$/);
    expect(peers[2]).toMatch(/ - +1\.5 +- +5s$/);
    expect(blockTable([aBlock(4)], plain)[1]).toMatch(/^ +4 +0404040404040404… +2023-11-14 22:13:36 .* executed$/);
    expect(capabilityLines(aStatus().capabilities, plain)).toEqual([
      "runtime  ready   cpu, 2 workers",
      "cuda     absent  no CUDA libraries",
      "    install CUDA 12",
    ]);
  });
});
