// What people read on terminals of 60, 80 and 120 columns: no word broken, no table out of its columns, what is copied whole.
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import type { View } from "../../../src/cli/io.ts";
import { newLiveState, renderLive } from "../../../src/cli/views/live.ts";
import { bar } from "../../../src/cli/views/progress.ts";
import {
  blockLines,
  blockTable,
  capabilityLines,
  peerLines,
  providerLines,
  statusLines,
  transactionLines,
} from "../../../src/cli/views/status.ts";
import { textTable, widthOf, wrap } from "../../../src/cli/views/text.ts";
import { fakeIo, run } from "../../support/fake-io.ts";
import { aBlock, addressOf, aPeer, aStatus, aTask, aTransaction, fakeView, hexOf } from "../../support/fake-view.ts";

const WIDTHS = [60, 80, 120] as const;
const colors = pc.createColors(false);
const PEER = `12D3KooW${"k".repeat(44)}`;
const LISTENS = `/ip4/192.0.2.107/tcp/9444/p2p/${PEER}`;
const INSTALL = "`ONNXRUNTIME_NODE_INSTALL=cuda12 node /opt/pouw/node_modules/onnxruntime-node/script/install.js`";
const REMEDY = `With an NVIDIA driver, CUDA 12 and its cuDNN on this machine, fetch the provider: ${INSTALL}.`;
const REASON = "libonnxruntime_providers_cuda.so is not installed";
const SENTENCE =
  "No peer keeps the training of blocks 1 to 512 any more, and without it the chain cannot be checked. Connect to a node that runs with --archive, by --bootstrap.";

const status = aStatus({
  peerId: PEER,
  addresses: [LISTENS],
  tasks: [aTask({ followed: true, loss: 0.25, accuracy: 0.9 }), aTask({ name: "digits-cnn" })],
  health: [{ check: "past", ok: false, since: 0, sentence: SENTENCE }],
  waitsFor: "Block 7 and those above it are not taken over: this node cannot train, and nobody vouched for them yet.",
});
const capabilities = [
  { name: "store", state: "ready", reason: "/home/somebody/.pouw/devnet/chain, open in a running node" },
  { name: "onnxruntime-node", state: "off", reason: REASON, remedy: REMEDY },
] as const;
const providers = [
  { provider: "cuda", state: "refused", reason: REASON, remedy: REMEDY, library: undefined, stepMs: undefined },
  {
    provider: "cpu",
    state: "chosen",
    reason: "reproduces the conformance vectors; 9.3 ms a unit",
    remedy: undefined,
    library: "onnxruntime-node 1.30.0",
    stepMs: 9.3,
  },
] as const;
const detail = await fakeView().block(4);

/** Everything that lays lines out for a terminal. */
const VIEWS: { readonly [name: string]: (view: View) => readonly string[] } = {
  status: (view) => statusLines(status, view),
  peers: (view) => peerLines([aPeer({ id: PEER, address: LISTENS }), aPeer({ id: PEER.replace("k", "m") })], view),
  "chain show": (view) => blockTable([aBlock(4), aBlock(5)], view),
  "chain block": (view) => (detail === undefined ? [] : blockLines(detail, view)),
  "chain tx": (view) => transactionLines(aTransaction(), view),
  "capabilities of doctor": (view) => capabilityLines([...capabilities], view),
  "providers of doctor": (view) => providerLines([...providers], view),
  sentences: ({ columns }) => wrap(`✗ ${SENTENCE}\n  ${REMEDY}`, columns, { indent: "  " }),
};

/** Words as they are copied: a command in backticks is one. */
const wordsOf = (text: string): string[] => text.match(/(?:`[^`]+`|\S)+/g) ?? [];

/** Of a column, which may go where its table does not fit. */
const HEAD = /^[A-Z]+$/;

describe.each(WIDTHS)("at %i columns", (columns) => {
  it.each(Object.keys(VIEWS))("%s keeps to the terminal, and its words whole", (name) => {
    const lines = VIEWS[name]?.({ colors, columns }) ?? [];
    const wide = VIEWS[name]?.({ colors, columns: Number.POSITIVE_INFINITY }) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    // Wider than the terminal is only what stands alone to be copied, and the terminal wraps.
    for (const line of lines) expect(widthOf(line) <= columns || wordsOf(line).length === 1, line).toBe(true);
    const words = new Set(lines.flatMap(wordsOf));
    for (const word of wide.flatMap(wordsOf)) if (!HEAD.test(word)) expect(words).toContain(word);
  });

  it("errors and their next steps are broken between words, under their first one", async () => {
    const io = fakeIo({ columns, env: { NO_COLOR: "1" } });
    const path = "/home/somebody/with/a/data/directory/that/is/far/too/long/for/any/narrow/terminal/to/hold/it";
    expect(await run(["wallet", "address", "--data-dir", path], io)).toBe(1);
    expect(await run(["wallet", "send", addressOf(1), "1.2345678"], io)).toBe(2);
    expect(await run("wallet sned", io)).toBe(2);
    const lines = io.err().trimEnd().split("\n");
    for (const line of lines) expect(widthOf(line) <= columns || wordsOf(line).length === 1, line).toBe(true);
    for (const line of lines) expect(line).toMatch(/^(✗ | {2})\S/);
    expect(io.err()).toContain(path);
    expect(io.err()).toContain(`\`pouw-node wallet new --data-dir ${path}\``);
    expect(io.err()).toContain("`pouw-node help wallet`");
  });

  it("help keeps to the terminal", async () => {
    const io = fakeIo({ columns });
    const places = [
      "",
      "start",
      "devnet",
      "wallet send",
      "stake remove",
      "chain verify",
      "completion",
      "config explain",
    ];
    for (const place of places) expect(await run(`help ${place}`, io)).toBe(0);
    for (const line of io.out().split("\n")) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
  });

  it("the live screen keeps its words, and to the terminal's rows by leaving out old blocks", () => {
    const state = newLiveState();
    const block = (height: number) => ({ height, hash: hexOf(height), miner: addressOf(7), time: 0, own: true });
    for (const height of [5, 6, 7, 8, 9]) state.blocks.push(block(height));
    const draw = (rows: number): string[] =>
      renderLive(status, state, { colors, columns, rows, now: 0, apiUrl: "http://127.0.0.1:9480" });
    const all = draw(60);
    for (const line of all) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    const words = new Set(all.flatMap(wordsOf));
    for (const word of wordsOf(`${SENTENCE} ${status.waitsFor ?? ""}`)) expect(words).toContain(word);
    // One row is the cursor's.
    const fewer = draw(all.length - 2);
    expect(fewer).toHaveLength(all.length - 3);
    expect([5, 6, 7, 8, 9].map((height) => fewer.join("\n").includes(`#${height} `))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(draw(5)).toHaveLength(all.length - 5);
  });

  it("a bar stays in its line", () => {
    for (const share of [0, 0.5, 1])
      expect(widthOf(bar(share, "preparing the data set, once", columns))).toBeLessThanOrEqual(columns);
    expect(bar(0.5, "preparing the data set, once", columns)).toContain(" 50 %  preparing the data set, once");
  });
});

it("a column of text goes on under itself, or on lines of its own where a word has no room there", () => {
  const rows = [
    ["a", "one two"],
    ["long", "0123456789abcdef end"],
    ["none", ""],
  ];
  expect(textTable(rows, 12)).toEqual(["a     one", "      two", "long", "  0123456789abcdef", "  end", "none"]);
  expect(textTable(rows, Number.POSITIVE_INFINITY)).toEqual(["a     one two", "long  0123456789abcdef end", "none"]);
});

it("a command is never broken, so that it runs as it is copied", () => {
  expect(wrap("Run `pouw-node help wallet send` to see.", 20)).toEqual([
    "Run",
    "`pouw-node help wallet send`",
    "to see.",
  ]);
});
