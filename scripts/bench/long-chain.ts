// A long chain in a directory, each step in a process of its own: `build <dir> <blocks>` writes it, `open <dir>` opens an engine on
// it and says what that took. Prints one line of JSON.
import { systemClock } from "../../src/adapters/clock/index.ts";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { toHex } from "../../src/base/index.ts";
import { BlockStore, Engine } from "../../src/engine/index.ts";
import type { Network } from "../../src/node/index.ts";
import { memoryHistory } from "../../src/node/parts/signed-file.ts";
import { toyArtifacts } from "../../test/support/sim.ts";
import { chainOf, entryOf, gathering, MINER, syntheticNetwork } from "./synthetic.ts";

export interface Built {
  readonly blocks: number;
  readonly seconds: number;
}

export interface Opened {
  readonly height: number;
  /** From the closed directory to a standing engine. */
  readonly ms: number;
  /** Resident memory of the process at its highest, and before anything was opened, in MB of 10^6 bytes. */
  readonly peakMb: number;
  readonly beforeMb: number;
}

/** Fewer than the 64 blocks that the store looks back over when it writes. */
const GATHERED = 32;
const MB = 1e6;

async function build(dir: string, blocks: number): Promise<Built> {
  const began = performance.now();
  const network = syntheticNetwork(1);
  const store = gathering(await openLevelStore(dir), GATHERED);
  const chain = new BlockStore(store);
  await chain.claim({ network: network.rules.network, genesis: toHex(network.rules.genesis) });
  for (const mined of chainOf(network, blocks)) {
    const entry = entryOf(mined, network);
    const move = { head: entry.id, dropped: [], added: [mined.block] };
    await chain.commit({ block: mined.block, entry, writes: [], deltas: [], move });
    if (chain.retention.keepsState(entry.height)) await chain.keepState(entry.id, mined.state);
    if (entry.height % 5_000 === 0) process.stderr.write(`${entry.height} blocks\n`);
  }
  await store.flush();
  await store.close();
  return { blocks, seconds: (performance.now() - began) / 1000 };
}

/** An engine that follows the made-up task, on a store, with a wire that leads nowhere. */
export async function openEngine(
  network: Network,
  deps: { readonly store: Awaited<ReturnType<typeof openLevelStore>> },
  tasks = network.rules.tasks,
): Promise<Engine> {
  const clock = systemClock();
  const air = createMemoryNetwork({ clock, random: () => 0.5, latencyMs: 0, loss: 0 });
  const claims = { checksBeforeRelay: false, samples: false, watchesAudits: false, leads: false };
  const options = { ...network, ...claims, tasks, roleBits: 0, trustedVerifiers: [], minFee: 0n };
  const outside = {
    wire: air.wire(),
    artifacts: toyArtifacts,
    runtime: undefined,
    key: MINER,
    history: memoryHistory(),
    clock,
    log: silentLog(),
  };
  return Engine.open(options, { ...deps, ...outside });
}

async function open(dir: string): Promise<Opened> {
  const network = syntheticNetwork(1);
  const beforeMb = process.memoryUsage().rss / MB;
  const began = performance.now();
  const store = await openLevelStore(dir);
  const engine = await openEngine(network, { store });
  const ms = performance.now() - began;
  const { height } = engine.ledger.state;
  const peakMb = (process.resourceUsage().maxRSS * 1024) / MB;
  await engine.stop();
  await store.close();
  return { height, ms, peakMb, beforeMb };
}

if (process.argv[1] === import.meta.filename) {
  const [, , what, dir = "", blocks = "0"] = process.argv;
  const done = what === "build" ? await build(dir, Number(blocks)) : await open(dir);
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
