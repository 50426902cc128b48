// Views are functions from data to lines: their alignment, numbers, and what they leave out.
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { colorsFor, isLive } from "../../../src/cli/io.ts";
import { squeeze } from "../../../src/cli/views/live.ts";
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
  heightWords,
  middleOut,
  percent,
  short,
  sparkline,
  table,
  widthOf,
} from "../../../src/cli/views/text.ts";
import { aBlock, addressOf, aPeer, aStatus, aTask, aTransaction, hexOf } from "../../support/fake-view.ts";

const plain = pc.createColors(false);
const colored = pc.createColors(true);
const wide = { colors: plain, columns: Number.POSITIVE_INFINITY };

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
    expect(flow(["0123456789abcdef", "x"], 10)).toEqual(["01234567", "  89abcdef", "  x"]);
    // Each line ends its colour, and the next begins it again.
    expect(flow([colored.red("0123456789")], 8)).toEqual([colored.red("012345"), `  ${colored.red("6789")}`]);
    expect(flow(["No peer keeps these blocks."], 12)).toEqual(["No peer", "  keeps", "  these", "  blocks."]);
  });

  it("leaves out the middle of what is too wide", () => {
    expect([middleOut("0123456789", 10), middleOut("0123456789", 6), middleOut("0123456789", 1)]).toEqual([
      "0123456789",
      "012…89",
      "0…9",
    ]);
  });

  it("says where the height is to get to", () => {
    expect(heightWords({ height: 9, targetHeight: 9 })).toBe("9");
    expect(heightWords({ height: 9, targetHeight: 500 })).toBe("9 of 500");
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
    expect(bar(0.5, "half", 80)).toMatch(/^█{15}░{15} {2}50 % {2}half$/);
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

describe("status, peers, blocks, capabilities", () => {
  it("name what they show", () => {
    const status = statusLines(aStatus(), wide).join("\n");
    expect(status).toMatch(/^state +mining, up 1m 01s, version 0\.1\.0$/m);
    expect(status).toContain("evaluator not running");
    expect(status).toMatch(
      /^task +digits-mlp round 12, parameters 9f9f9f9f9f…\n +followed, loss 0\.2500, accuracy 95\.1 %\n +season 3 \(learningRate 0\.02\), block 41 of 64\n +best 97\.4 %, season 2$/m,
    );
    expect(status).not.toMatch(/^keeps/m);
    expect(statusLines(aStatus({ keptFrom: 61 }), wide)).toContain("keeps      the training of blocks from 61 on");
    const behind = aStatus({ state: "syncing", height: 120, targetHeight: 500 });
    expect(statusLines(behind, wide).join("\n")).toMatch(/^height +120 of 500, tip /m);
    expect(peerLines([], wide)).toEqual(["No peers."]);
    const peers = peerLines([aPeer(), aPeer({ agent: undefined, latencyMs: undefined })], wide);
    expect(peers[1]).toMatch(/^12D3KooWOther .* out +pouw-node\/0\.1\.0 +1\.5 +3 ms +5s$/);
    expect(peers[2]).toMatch(/ - +1\.5 +- +5s$/);
    expect(blockTable([aBlock(4)], wide)[1]).toMatch(/^ +4 +0404040404040404… +2023-11-14 22:13:36 .* executed$/);
    expect(blockTable([aBlock(4)], wide)[0]).toMatch(/ TRANSACTIONS +CHECKED$/);
    expect(capabilityLines(aStatus().capabilities, wide)).toEqual([
      "runtime  ready   cpu, 2 workers",
      "cuda     absent  no CUDA libraries",
      "                 install CUDA 12",
    ]);
  });

  it("status has every task of the network in lines that a terminal of 60 columns holds", () => {
    const tasks = [
      aTask({ name: "digits-cnn", model: "digits-cnn", followed: true, loss: 10.25, accuracy: 1 }),
      aTask(),
    ];
    const lines = statusLines(aStatus({ tasks }), wide);
    const at = lines.findIndex((line) => line.startsWith("task"));
    expect(lines.slice(at, at + 6).map((line) => line.trim().replace(/ {2,}/g, " "))).toEqual([
      "task digits-cnn round 3, parameters a0a0a0a0a0…",
      "followed, loss 10.2500, accuracy 100.0 %",
      "season 0 (learningRate 0.002), block 9 of 64",
      "task chars-transformer round 3, parameters a0a0a0a0a0…",
      "not followed, loss -, accuracy -",
      "season 0 (learningRate 0.002), block 9 of 64",
    ]);
    for (const line of lines.slice(at, at + 6)) expect(widthOf(line)).toBeLessThanOrEqual(60);
    expect(statusLines(aStatus({ tasks: [aTask({ name: "mine" })] }), wide).join("\n")).toContain(
      "mine (chars-transformer) round",
    );
  });

  it("a transaction is shown by its kind's own fields: money in coins, the rest as it is", () => {
    expect(transactionLines(aTransaction({ height: undefined, block: undefined }), wide)).toEqual([
      `id      ${hexOf(77)}`,
      "kind    transfer",
      `from    ${addressOf(200)}`,
      `to      ${addressOf(201)}`,
      "amount  10",
      "fee     0.001, nonce 0",
      "block   waiting",
    ]);
    const dropped = aTransaction({ height: undefined, block: undefined, dropped: "no block took it in for an hour" });
    expect(transactionLines(dropped, wide)).toContain("block   none, it was dropped: no block took it in for an hour");
    const other = aTransaction({
      kind: "stake",
      payload: { stakeAmount: "2.5", node: "0", blob: "ab".repeat(500) },
    });
    const lines = transactionLines(other, wide);
    expect(lines.slice(3, 6)).toEqual(["stakeAmount  2.5", "node         0", `blob         ${"ab".repeat(64)}…`]);
    expect(transactionLines(aTransaction({ payload: { amount: "all" } }), wide)).toContain("amount  all");
  });
});
