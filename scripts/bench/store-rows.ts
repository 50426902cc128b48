// What a long chain and many accounts cost: opening, memory, and the write of one block.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { OWN } from "../../src/engine/origin.ts";
import type { Store, StoreWrite } from "../../src/ports/index.ts";
import { type Built, type Opened, openEngine } from "./long-chain.ts";
import { type Spread, spread } from "./measure.ts";
import { atMost, type Bench, figure, type Row, type Title } from "./rows.ts";
import { chainOf, type Mined, syntheticNetwork } from "./synthetic.ts";

const CHILD = fileURLToPath(new URL("./long-chain.ts", import.meta.url));
const run = promisify(execFile);

/** One short of a stored state, where the most blocks have to be replayed at the start: 31. */
const BLOCKS = { quick: 5_023, full: 100_031 };
const OPENINGS = { quick: 3, full: 5 };
const OPEN_MS = 5_000;
const MEMORY_MB = 500;

/** Few and many accounts; a block's write must not tell them apart. */
const ACCOUNTS = [10, 300_000] as const;
const WRITES = { quick: 64, full: 192 };
const TRANSFERS = 16;
const BYTES_GOAL = 1.01;
const TIME_GOAL = 1.1;

async function child<T>(...words: readonly string[]): Promise<T> {
  const running = run(process.execPath, ["--import", "tsx", CHILD, ...words], { maxBuffer: 1 << 24 });
  running.child.stderr?.pipe(process.stderr);
  return JSON.parse((await running).stdout) as T;
}

async function openRows(bench: Bench): Promise<Row[]> {
  const size = bench.quick ? "quick" : "full";
  const dir = await mkdtemp(join(tmpdir(), "pouw-bench-"));
  try {
    bench.progress(`building a chain of ${BLOCKS[size]} blocks`);
    const built = await child<Built>("build", dir, `${BLOCKS[size]}`);
    const opened: Opened[] = [];
    for (let i = 0; i < OPENINGS[size]; i++) opened.push(await child<Opened>("open", dir));
    if (opened.some(({ height }) => height !== BLOCKS[size])) throw new Error("the chain was not opened at its tip");
    const blocks = { blocks: built.blocks, "s to build": built.seconds };
    const of = (pick: (one: Opened) => number): Spread => spread(opened.map(pick));
    return [
      figure(
        { name: "chain/open", what: "opening a long chain", unit: "ms" },
        of(({ ms }) => ms),
        {
          goal: atMost(OPEN_MS),
          comparable: false,
          detail: blocks,
        },
      ),
      figure(
        { name: "chain/memory", what: "memory of a node on it, at its highest", unit: "MB" },
        of(({ peakMb }) => peakMb),
        {
          goal: atMost(MEMORY_MB),
          comparable: false,
          detail: { ...blocks, "MB before opening": of(({ beforeMb }) => beforeMb).median },
        },
      ),
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** One batch as the disk got it. */
interface Batch {
  readonly bytes: number;
  readonly ms: number;
  /** The whole state, which every 32nd block leaves beside its own batch. */
  readonly state: boolean;
}

/** The store, with a note of every batch. */
function noted(store: Store, batches: Batch[]): Store {
  const bytesOf = ({ key, value }: StoreWrite): number => key.length + (value?.length ?? 0);
  return {
    get: (key) => store.get(key),
    entries: (range) => store.entries(range),
    keys: (range) => store.keys(range),
    recover: () => store.recover(),
    close: () => store.close(),
    batch: async (writes) => {
      const began = performance.now();
      await store.batch(writes);
      const bytes = writes.reduce((sum, write) => sum + bytesOf(write), 0);
      batches.push({ bytes, ms: performance.now() - began, state: writes.some(({ key }) => key.startsWith("state/")) });
    },
  };
}

/** A chain on a disk of its own, and what each of its blocks wrote. */
interface Site {
  readonly engine: Engine;
  readonly mined: Generator<Mined>;
  readonly batches: Batch[];
  /** Of each block: judged, applied and written, ms; blocks that leave a state apart. */
  readonly imports: number[];
  close(): Promise<void>;
}

async function openSite(accounts: number, blocks: number): Promise<Site> {
  const network = syntheticNetwork(accounts);
  const dir = await mkdtemp(join(tmpdir(), "pouw-bench-"));
  const batches: Batch[] = [];
  const store = noted(await openLevelStore(dir), batches);
  const engine = await openEngine(network, { store }, []);
  batches.length = 0;
  const close = async (): Promise<void> => {
    await engine.stop();
    await store.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { engine, mined: chainOf(network, blocks, TRANSFERS), batches, imports: [], close };
}

async function importNext({ engine, mined, batches, imports }: Site): Promise<void> {
  const { value } = mined.next() as { readonly value: Mined };
  const before = batches.length;
  const began = performance.now();
  const verdict = await engine.ledger.importBlock(value.block, OWN, { signal: AbortSignal.timeout(60_000) });
  const ms = performance.now() - began;
  if (verdict.kind !== "accept") throw new Error(`a made-up block was refused: ${verdict.reason}`);
  if (!batches.slice(before).some(({ state }) => state)) imports.push(ms);
}

async function writeRows(bench: Bench): Promise<Row[]> {
  const blocks = bench.quick ? WRITES.quick : WRITES.full;
  const sites: Site[] = [];
  try {
    for (const accounts of ACCOUNTS) {
      bench.progress(`a chain with ${accounts} accounts`);
      sites.push(await openSite(accounts, blocks));
    }
    // In turn, forwards and backwards: what the machine does to one it does to the other.
    for (let height = 1; height <= blocks; height++)
      for (const site of height % 2 === 0 ? sites : sites.toReversed()) await importNext(site);
    return rowsOf(sites as [Site, Site], blocks);
  } finally {
    for (const site of sites) await site.close();
  }
}

const numeral = (value: number): number => Number(value.toPrecision(3));

/** A figure of each site, of the blocks' own batches or of the state rows beside them: few accounts, many accounts. */
function pairOf(sites: readonly [Site, Site], state: boolean, pick: (one: Batch) => number): [number, number] {
  const of = ({ batches }: Site): number => spread(batches.filter((one) => one.state === state).map(pick)).median;
  return [of(sites[0]), of(sites[1])];
}

const shown = (pair: readonly number[]): string => pair.map(numeral).join(" / ");

function rowsOf(sites: readonly [Site, Site], blocks: number): Row[] {
  const overFew = ([few, many]: readonly [number, number]): Spread => {
    const ratio = many / few;
    return { median: ratio, low: ratio, high: ratio, count: blocks };
  };
  const title = (name: string, what: string): Title => ({
    name: `chain/${name}`,
    what: `${what}, many accounts / few`,
    unit: "ratio",
  });
  const common = { accounts: ACCOUNTS.map((count) => count.toLocaleString("en-US")).join(" / ") };
  const bytes = ({ bytes: count }: Batch): number => count;
  const ms = ({ ms: time }: Batch): number => time;
  const imports: [number, number] = [spread(sites[0].imports).median, spread(sites[1].imports).median];
  return [
    figure(title("write-bytes", "bytes of a block's batch"), overFew(pairOf(sites, false, bytes)), {
      goal: atMost(BYTES_GOAL),
      detail: {
        ...common,
        bytes: shown(pairOf(sites, false, bytes)),
        "bytes of the state row beside every 32nd block": shown(pairOf(sites, true, bytes)),
      },
    }),
    figure(title("write", "time of a block's batch"), overFew(pairOf(sites, false, ms)), {
      goal: atMost(TIME_GOAL),
      comparable: false,
      detail: {
        ...common,
        ms: shown(pairOf(sites, false, ms)),
        "ms of the state row beside every 32nd block": shown(pairOf(sites, true, ms)),
      },
    }),
    figure(title("import", "a block judged, applied and written"), overFew(imports), {
      comparable: false,
      detail: { ...common, ms: shown(imports) },
    }),
  ];
}

/** `chain/open`, `chain/memory`, `chain/write-bytes`, `chain/write`, `chain/import`. */
export async function storeRows(bench: Bench): Promise<Row[]> {
  const wants = (...names: readonly string[]): boolean => names.some((name) => bench.wants(`chain/${name}`));
  const rows = [
    ...(wants("open", "memory") ? await openRows(bench) : []),
    ...(wants("write-bytes", "write", "import") ? await writeRows(bench) : []),
  ];
  return rows.filter(({ name }) => bench.wants(name));
}
