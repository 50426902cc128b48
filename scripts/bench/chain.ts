// Row 3: what the chain costs beside the work. A lone miner of the development network runs for a while on a store of its own;
// then its chain is replayed, and its unit, draws and delta are timed in turn.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createArtifacts } from "../../src/adapters/artifacts/index.ts";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { openRuntime } from "../../src/adapters/onnx/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { utf8 } from "../../src/base/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { applyDelta, DELTA_CODECS } from "../../src/ml/index.ts";
import { loadNetwork, MODELS_DIR, type Network, PoUWNode, replayStore } from "../../src/node/index.ts";
import type { Artifacts, Runtime, Store, UnitResult } from "../../src/ports/index.ts";
import { findWin, noncesPerUnit, type Task } from "../../src/work/index.ts";
import { each, interleave, ratio, type Sample, type Spread, spread, timed } from "./measure.ts";
import { atMost, type Bench, figure, type Row, type Title } from "./rows.ts";

const NETWORK = "devnet";
/** A lone miner's block takes some 4 s there. */
const MINE_MS = { quick: 16_000, full: 45_000 };
/** Of which the last are the miner's share of training. */
const SHARE_MS = { quick: 10_000, full: 20_000 };
const ROUNDS = { quick: 3, full: 5 };
/** The protocol keeps hashing under this share of a unit (protocol section 2). */
const DRAWS_GOAL = 0.01;

const NAMES = ["verify", "follow", "draws", "delta", "replay", "reexecute", "training"].map((what) => `chain/${what}`);
const pause = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));
const { signal } = new AbortController();

/** What the miner did. */
interface Mined {
  readonly blocks: number;
  readonly units: number;
  /** Units that are in a block's records. */
  readonly recorded: number;
  /** Share of a window's wall time inside the training graph, window by window. */
  readonly shares: readonly number[];
}

/** Mines until the time is over and there is a block. */
async function mine(dataDir: string, bench: Bench): Promise<Mined> {
  const size = bench.quick ? "quick" : "full";
  const options = { roles: ["miner" as const], network: NETWORK, dataDir, workers: 1, provider: "cpu" as const };
  const node = await PoUWNode.create(
    { ...options, listen: ["/ip4/127.0.0.1/tcp/0"], logLevel: "silent" },
    { log: silentLog() },
  );
  const ends: { readonly at: number; readonly graphMs: number }[] = [];
  node.on("unit", ({ graphMs }) => ends.push({ at: performance.now(), graphMs }));
  try {
    await node.start();
    const begin = performance.now();
    while (performance.now() < begin + MINE_MS[size] || node.getStatus().height === 0) {
      await pause(1_000);
      bench.progress(`mining: ${node.getStatus().height} blocks, ${ends.length} units`);
    }
    await node.stopMining();
    const { height, stats } = node.getStatus();
    return {
      blocks: height,
      units: stats.units,
      recorded: stats.contributionsRecorded,
      shares: windowShares(ends, SHARE_MS[size]),
    };
  } finally {
    await node.stop();
  }
}

/** From the end of one unit to the end of another, some five seconds later: that much of it was training. */
function windowShares(ends: readonly { readonly at: number; readonly graphMs: number }[], lastMs: number): number[] {
  const to = ends.at(-1)?.at ?? 0;
  const recent = ends.filter(({ at }) => at >= to - lastMs);
  const shares: number[] = [];
  let from = recent[0];
  let trained = 0;
  for (const end of recent.slice(1)) {
    trained += end.graphMs;
    if (from === undefined || end.at - from.at < 5_000) continue;
    shares.push(trained / (end.at - from.at));
    from = end;
    trained = 0;
  }
  return shares;
}

/** The pieces of a unit, each ready to be timed. */
interface Pieces {
  readonly runtime: Runtime;
  readonly network: Network;
  readonly task: Task;
  readonly unit: UnitResult;
  readonly start: Float32Array;
}

/** A real unit, long enough ago from the start that its delta is an ordinary one. */
async function pieces(runtime: Runtime, network: Network, artifacts: Artifacts): Promise<Pieces> {
  const task = firstTask(network);
  let start = await artifacts.get("parameters", task.initialDigest, { signal });
  if (start === undefined) throw new Error(`${task.model} has no first parameters here`);
  for (let n = 0; n < 3; n++) start = (await runUnit(runtime, task, start, n)).end;
  return { runtime, network, task, start, unit: await runUnit(runtime, task, start, 3) };
}

function firstTask({ rules }: Network): Task {
  const [task] = rules.tasks;
  if (task === undefined) throw new Error("the network has no task");
  return task;
}

const runUnit = (runtime: Runtime, task: Task, start: Float32Array, n: number): Promise<UnitResult> =>
  runtime.run({ task, start, setting: 0, seed: sha256(utf8(`bench ${n}`)), priority: "train" }, { signal });

/** All draws of a unit that does not win: no draw is below zero. */
function drawAll({ network: { rules }, task, unit }: Pieces): void {
  const author = sha256(utf8("bench author"));
  const id = { beacon: author, block: author, task: task.id, round: 1, author, mlNode: 0, index: 0 };
  const win = findWin(
    { ...id, startDigest: author, digest: unit.digest },
    noncesPerUnit(task, rules),
    new Uint8Array(32),
  );
  if (win !== undefined) throw new Error("a draw is below zero");
}

/** What author and follower do with a delta: written by the one; read and added by the other. */
function deltaThereAndBack({ task, unit, start }: Pieces): void {
  const { encode, decode } = DELTA_CODECS[task.codec];
  const end = applyDelta(task, start, decode(task, encode(task, start, unit.end)));
  if (end[0] !== unit.end[0]) throw new Error("a delta came back as another");
}

/** What is measured: a mined chain, and the runtime that trained it. */
interface Site {
  readonly network: Network;
  readonly artifacts: Artifacts;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly mined: Mined;
}

/** A pass over the whole chain, with or without its winning units run again; time per block. */
async function replay({ store, network, artifacts, runtime, mined }: Site, reexecute: boolean): Promise<Sample> {
  const options = { network, tasks: network.rules.tasks };
  const deps = { store, artifacts, runtime: reexecute ? runtime : undefined };
  return timed(async () => {
    const report = await replayStore(options, deps, { signal, onProgress: () => undefined });
    if (!report.ok || report.blocks !== mined.blocks)
      throw new Error(`the chain does not stand: ${report.problem?.reason}`);
  }, mined.blocks);
}

const REPEAT = 20;

/** Of each kind of work, its samples round by round. */
interface Samples {
  readonly unit: readonly Sample[];
  readonly draws: readonly Sample[];
  readonly delta: readonly Sample[];
  /** Per block: without and with winning units run again. */
  readonly rules: readonly Sample[];
  readonly whole: readonly Sample[];
}

async function sample(site: Site, of: Pieces, rounds: number): Promise<Samples> {
  const repeat = (work: () => void) => () => timed(() => Array.from({ length: REPEAT }, work), REPEAT);
  const [unit = [], draws = [], delta = [], rules = [], whole = []] = await interleave(
    [
      () => timed(async () => Promise.all([0, 1, 2].map((n) => runUnit(site.runtime, of.task, of.start, n))), 3),
      repeat(() => drawAll(of)),
      repeat(() => deltaThereAndBack(of)),
      () => replay(site, false),
      () => replay(site, true),
    ],
    rounds,
  );
  return { unit, draws, delta, rules, whole };
}

const ms = (samples: readonly Sample[]): number => spread(each(samples, "cpuMs")).median;
const inShares = (name: string, what: string): Title => ({ name: `chain/${name}`, what, unit: "%" });
const perSecond = (name: string, what: string): Title => ({ name: `chain/${name}`, what, unit: "per s" });

async function measure(site: Site, bench: Bench): Promise<Row[]> {
  const { network, artifacts, runtime, mined } = site;
  const of = await pieces(runtime, network, artifacts);
  const rounds = bench.quick ? ROUNDS.quick : ROUNDS.full;
  bench.progress(`replaying ${mined.blocks} blocks, ${rounds} times`);
  const samples = await sample(site, of, rounds);
  return [...blockRows(samples, mined), ...unitRows(samples, of)];
}

/** What a node does with others' blocks. */
function blockRows({ unit, rules, whole }: Samples, { blocks, units, recorded }: Mined): Row[] {
  const common = { "unit ms": ms(unit) };
  const luck = { comparable: false };
  const each = (samples: readonly Sample[]) => ({ ...luck, detail: { blocks, "cpu ms a block": ms(samples) } });
  return [
    figure(
      inShares("verify", "verifying a block / work of a block interval"),
      scaled(ratio(whole, unit, "cpuMs"), blocks / units),
      { ...luck, detail: { "ms a block": ms(whole), ...common, "units a block": units / blocks } },
    ),
    figure(
      inShares("follow", "following a recorded unit / unit"),
      scaled(ratio(rules, unit, "cpuMs"), blocks / recorded),
      { detail: { ms: (ms(rules) * blocks) / recorded, ...common } },
    ),
    figure(perSecond("replay", "blocks replayed, rules and records only"), rate(rules), each(rules)),
    figure(perSecond("reexecute", "blocks replayed, winning units run again"), rate(whole), each(whole)),
  ];
}

/** What its own units cost beside the training. */
function unitRows({ unit, draws, delta }: Samples, of: Pieces): Row[] {
  const common = { "unit ms": ms(unit) };
  return [
    figure(inShares("draws", "draws without a win / unit"), ratio(draws, unit, "cpuMs"), {
      goal: atMost(DRAWS_GOAL),
      detail: { ms: ms(draws), draws: noncesPerUnit(of.task, of.network.rules), ...common },
    }),
    figure(inShares("delta", "delta written, read and added / unit"), ratio(delta, unit, "cpuMs"), {
      detail: { ms: ms(delta), bytes: of.unit.delta.length, ...common },
    }),
  ];
}

const scaled = ({ median, low, high, count }: Spread, by: number): Spread => ({
  median: median * by,
  low: low * by,
  high: high * by,
  count,
});

const rate = (samples: readonly Sample[]): Spread => spread(each(samples, "wallMs").map((ms) => 1000 / ms));

/** `chain/...`; the chain is real, so its length is a matter of luck. */
export async function chainRows(bench: Bench): Promise<Row[]> {
  if (!NAMES.some((name) => bench.wants(name))) return [];
  const dataDir = await mkdtemp(join(tmpdir(), "pouw-bench-"));
  const closers: (() => Promise<void>)[] = [];
  try {
    const mined = await mine(dataDir, bench);
    const network = loadNetwork(NETWORK);
    const log = silentLog();
    const artifacts = createArtifacts({ modelsDirs: [MODELS_DIR], dataDir }, { log });
    const { tasks } = network.rules;
    const runtime = await openRuntime({ tasks, provider: "cpu", workers: 1 }, { artifacts, log }, { signal });
    closers.push(() => runtime.close());
    const store = await openLevelStore(join(dataDir, "chain"));
    closers.push(() => store.close());
    const training = figure(inShares("training", "lone miner: training / wall time"), spread(mined.shares), {
      comparable: false,
      detail: { units: mined.units, blocks: mined.blocks },
    });
    const rows = [...(await measure({ network, artifacts, runtime, store, mined }, bench)), training];
    return rows.filter(({ name }) => bench.wants(name));
  } finally {
    for (const close of closers.reverse()) await close();
    await rm(dataDir, { recursive: true, force: true });
  }
}
