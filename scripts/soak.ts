// Two miners without funds, a verifier and a peer, as real processes on the development network: `npm run soak -- [--minutes <n>] [--json]`.
// One miner is killed on the way and comes back. Says whether all agree, what everybody did and was paid, and when a newcomer is paid for
// more than its wins; ends with 1 when something is not as the protocol has it. Wants the built command (`npm run build`).
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { BlockDetail, NodeStatus } from "../src/node/index.ts";
import { Lab, type LabNode, moneyIn, settledAlike } from "../test/support/e2e-lab.ts";
import { diskMb, memoryMb } from "./support/footprint.ts";

const USAGE = "Usage: npm run soak -- [--minutes <n>] [--json]\n";
const NETWORK = "devnet";

/** What the chain says of a miner. */
interface Share {
  readonly wins: number;
  /** Its contributions in records, those that won excepted. */
  readonly recorded: number;
  readonly firstWin: number;
  /** Height of the first block that recorded a contribution of it beside a win. */
  readonly firstPaid: number;
  readonly coins: number;
  /** Units of its process since it was started last. */
  readonly units: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const minutes = Number(values.minutes);
if (values.help || !(minutes > 0)) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const peerOf = ({ first }: LabNode): readonly string[] => ["--bootstrap", first.addresses[0] as string];

async function allBlocks({ api }: LabNode): Promise<BlockDetail[]> {
  const { height } = await api.status();
  const blocks: BlockDetail[] = [];
  for (let at = 1; at <= height; at++) blocks.push(await api.block(`${at}`));
  return blocks;
}

async function shareOf(node: LabNode, blocks: readonly BlockDetail[]): Promise<Share> {
  const { nodeId, stats } = await node.api.status();
  const account = await node.api.account(nodeId);
  const wins = blocks.filter(({ miner }) => miner === nodeId);
  const recorded = blocks.map((block) => {
    const own = block.recordList
      .flatMap(({ contributions }) => contributions)
      .filter(({ author }) => author === nodeId);
    return { height: block.height, count: own.length - (block.miner === nodeId ? 1 : 0) };
  });
  return {
    wins: wins.length,
    recorded: recorded.reduce((sum, { count }) => sum + count, 0),
    firstWin: wins[0]?.height ?? 0,
    firstPaid: recorded.find(({ count }) => count > 0)?.height ?? 0,
    coins: Number(moneyIn(account)) / 1e6,
    units: stats.units,
  };
}

/** What is not as it must be. */
function faultsIn(shares: readonly Share[], blocks: readonly BlockDetail[]): string[] {
  const faults: string[] = [];
  for (const [i, { wins, recorded, firstWin, firstPaid }] of shares.entries()) {
    if (wins === 0 || recorded === 0) faults.push(`miner ${i} was not paid for wins and contributions`);
    if (firstPaid !== 0 && firstPaid <= firstWin) faults.push(`miner ${i} was recorded before it had collateral`);
  }
  const unchecked = blocks.slice(0, -3).filter(({ checked }) => checked !== "executed");
  if (unchecked.length > 0) faults.push(`${unchecked.length} blocks were never checked`);
  if (blocks.some(({ evidence }) => evidence > 0)) faults.push("somebody was punished");
  return faults;
}

/** What a node takes of its machine after some time. */
interface Footprint {
  readonly minute: number;
  readonly memoryMb: number;
  readonly diskMb: number;
}

const lab = new Lab();
/** Of the first miner and of the peer, which run from the beginning to the end. */
const footprints: { readonly miner: Footprint[]; readonly peer: Footprint[] } = { miner: [], peer: [] };
const footprintOf = (minute: number, name: string, { process: { pid } }: LabNode): Footprint => ({
  minute,
  memoryMb: Math.round(memoryMb(pid)),
  diskMb: Math.round(10 * diskMb(lab.dataDir(name))) / 10,
});
try {
  const a = await lab.node("a", NETWORK, "--role", "miner");
  let b = await lab.node("b", NETWORK, "--role", "miner", ...peerOf(a));
  const v = await lab.node("v", NETWORK, "--role", "verifier", ...peerOf(a));
  const p = await lab.node("p", NETWORK, "--role", "peer", ...peerOf(a), ...peerOf(v));
  say(`four nodes run; ${minutes} minutes`);
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(60_000);
    if (minute === Math.ceil(minutes / 2)) {
      await b.kill();
      b = await lab.node("b", NETWORK, "--role", "miner", ...peerOf(a));
      say("a miner was killed and is back");
    }
    if (minute % 10 === 0 || minute === minutes) {
      footprints.miner.push(footprintOf(minute, "a", a));
      footprints.peer.push(footprintOf(minute, "p", p));
    }
    say(`minute ${minute}: height ${(await a.api.status()).height}`);
  }
  const nodes = [a, b, v, p];
  const [{ settled }] = (await settledAlike(nodes, 1)) as [NodeStatus, ...NodeStatus[]];
  const same = (await Promise.all(nodes.map(({ api }) => api.block(`${settled.height}`)))).every(
    (block) => block.hash === settled.hash,
  );
  const blocks = await allBlocks(a);
  const shares = [await shareOf(a, blocks), await shareOf(b, blocks)];
  const attested = blocks.reduce((sum, block) => sum + block.attestations, 0);
  for (const node of nodes) await node.stop();
  const replayed = await lab.verify("p", NETWORK);
  const faults = faultsIn(shares, blocks);
  if (!same) faults.push("the nodes do not agree");
  if (!replayed.ok) faults.push(`the chain does not stand: ${replayed.problem?.reason}`);
  const [one, two] = shares as [Share, Share];
  const work = (share: Share): number => share.recorded + share.wins;
  const report = {
    ...{ minutes, height: blocks.length, agree: same, verified: replayed.ok, unitsExecuted: replayed.unitsExecuted },
    ...{ supply: replayed.supply, attested, miners: shares, footprints, faults },
    /** Of the first miner beside the second: pay of a unit that was recorded. */
    payPerUnit: one.coins / work(one) / (two.coins / work(two)),
  };
  process.stdout.write(`${JSON.stringify(report, null, values.json ? 0 : 2)}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await lab.close();
}
