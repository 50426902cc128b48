// A real miner under attack by strangers, beside itself undisturbed: `npm run siege -- [--attack <name>]... [--seconds <n>] [--rounds <n>] [--json]`.
// A miner, an honest peer, and in every window a newcomer that joins. Windows of calm and attack alternate, so that whatever else the
// machine does is done to both; each begins and ends with a block. Strangers come from an IP group of their own, all of them from one, unless --shared-group has them come
// from that of the honest. On Linux the miner has a processor for itself, as if all others were other machines: what it loses then, it
// spends on them. Ends with 1 when an attack does not arrive, costs more than it may, or the honest are struck or part.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median } from "../src/base/index.ts";
import { loadNetwork, type NodeStatus } from "../src/node/index.ts";
import { eventually, Lab, type LabNode, settledAlike } from "../test/support/e2e-lab.ts";
import type { Attack, Prepared } from "./siege/attack.ts";
import { comeFrom } from "./siege/from.ts";
import { FLOODS } from "./siege/gossip.ts";
import { SOCKETS } from "./siege/sockets.ts";
import type { Target } from "./siege/stranger.ts";
import { diskMb, memoryMb } from "./support/footprint.ts";

const ATTACKS: { readonly [name: string]: Attack } = { ...FLOODS, ...SOCKETS };
const USAGE = `Usage: npm run siege -- [options]
  --attack <name>  only this one (repeatable): ${Object.keys(ATTACKS).join(", ")}
  --seconds <n>    of a window (40)
  --rounds <n>     windows of calm and of attack, each (3)
  --shared-group   strangers come from the address of the honest
  --json
`;
const NETWORK = "devnet";
/** Where the strangers of an attack come from: one that had its group banned is not the next one's advantage. */
const elsewhere = (attack: number): string => `127.${9 + attack}.0.1`;
/** What an attack must leave of the units and of the share of them that is recorded, how many times as long a newcomer may take, and what memory it may cost, MB. */
const LIMITS = { units: 0.8, recorded: 0.8, join: 2, memoryMb: 150 };
/** A newcomer that is not there after this is not let in, s. */
const JOIN_S = 120;
/** A block that is not there after this does not come, s. */
const BLOCK_S = 180;

const { values } = parseArgs({
  options: {
    attack: { type: "string", multiple: true, default: Object.keys(ATTACKS) },
    seconds: { type: "string", default: "40" },
    rounds: { type: "string", default: "3" },
    "shared-group": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
if (values.help || !(seconds > 0) || !(rounds > 0) || values.attack.some((name) => ATTACKS[name] === undefined)) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** One window of calm or attack. */
interface Window {
  readonly unitsPerSecond: number;
  /** Units that the miner finished, and contributions of its that blocks of its chain came to record. */
  readonly units: number;
  readonly recorded: number;
  readonly blocks: number;
  /** Until a newcomer stood at the height that the miner had when it came, seconds. */
  readonly joinSeconds: number;
  /** Resident memory of the miner at the end, MB, and what its data directory grew by. */
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly sent: number;
  /** What the miner heard of it: messages, connections that it made wait, offences. */
  readonly heard: Heard;
}

const HEARD = ["messages", "pauses", "strikes", "bans"] as const;
type Heard = { readonly [what in (typeof HEARD)[number]]: number };
const heardBy = (count: (what: keyof Heard) => number): Heard =>
  Object.fromEntries(HEARD.map((what) => [what, count(what)])) as Heard;

class Siege {
  readonly #lab: Lab;
  readonly #miner: LabNode;
  readonly #target: Target;
  #newcomers = 0;

  constructor(lab: Lab, miner: LabNode) {
    this.#lab = lab;
    this.#miner = miner;
    this.#target = { network: loadNetwork(NETWORK), address: miner.first.addresses[0] as string };
  }

  prepare(attack: Attack): Promise<Prepared> {
    return attack.prepare(this.#target);
  }

  async window(attack: Prepared | undefined): Promise<Window> {
    const ends = new AbortController();
    const disk = diskMb(this.#lab.dataDir("miner"));
    const before = await this.#atBlock();
    const heardBefore = await this.#heard();
    const begin = performance.now();
    const attacks = attack?.run(ends) ?? Promise.resolve(0);
    const joins = this.#join(before.height, attack?.lures ?? []);
    await delay(seconds * 1000);
    const after = await this.#atBlock();
    const took = (performance.now() - begin) / 1000;
    const heardAfter = await this.#heard();
    const heard = heardBy((what) => heardAfter[what] - heardBefore[what]);
    const memory = memoryMb(this.#miner.process.pid);
    const grown = diskMb(this.#lab.dataDir("miner")) - disk;
    const joinSeconds = await joins;
    ends.abort();
    return {
      unitsPerSecond: (after.stats.units - before.stats.units) / took,
      units: after.stats.units - before.stats.units,
      recorded: after.stats.contributionsRecorded - before.stats.contributionsRecorded,
      blocks: after.height - before.height,
      joinSeconds,
      memoryMb: memory,
      diskMb: grown,
      sent: await attacks,
      heard,
    };
  }

  /** The miner as it is when its next block stands: what it ran until then is recorded, or is not. */
  async #atBlock(): Promise<NodeStatus> {
    const { height } = await this.#miner.api.status();
    return eventually(
      async () => {
        const status = await this.#miner.api.status();
        return status.height > height ? status : undefined;
      },
      `block ${height + 1}`,
      BLOCK_S * 1000,
    );
  }

  async #heard(): Promise<Heard> {
    const text = await (await fetch(`${this.#miner.api.url}/metrics`)).text();
    const of = (name: string): number =>
      Number(new RegExp(`^pouw_network_${name}_count(?:\\{.*\\})? (\\S+)$`, "m").exec(text)?.[1] ?? 0);
    const { networkMessages: messages } = (await this.#miner.api.status()).stats;
    return heardBy((what) => (what === "messages" ? messages : of(what)));
  }

  async #join(height: number, lures: readonly string[]): Promise<number> {
    const begin = performance.now();
    const name = `newcomer-${this.#newcomers++}`;
    const told = [...lures, this.#target.address].flatMap((address) => ["--bootstrap", address]);
    const node = await this.#lab.node(name, NETWORK, "--role", "peer", ...told);
    await eventually(
      async () => ((await node.api.status()).height >= height ? true : undefined),
      `${name} at height ${height}`,
      JOIN_S * 1000,
    ).catch(() => undefined);
    const took = (performance.now() - begin) / 1000;
    await node.stop();
    rmSync(this.#lab.dataDir(name), { recursive: true, force: true });
    return took;
  }
}

const of = (windows: readonly Window[], pick: (window: Window) => number): number => median(windows.map(pick)) ?? 0;

interface Report {
  readonly attack: string;
  /** By the strangers, and their processor time for it, s. */
  readonly sent: number;
  readonly costS: number;
  readonly heard: Heard;
  /** Ratios to the calm of the same run. */
  readonly units: number;
  /** Share of the units that was recorded. */
  readonly recorded: number;
  readonly join: number;
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly blocks: { readonly calm: number; readonly attacked: number };
  /** What was not as it should be. */
  readonly faults: readonly string[];
}

const sum = (windows: readonly Window[], pick: (window: Window) => number): number =>
  windows.reduce((total, window) => total + pick(window), 0);

/** What an attack left. */
function reportOf(name: string, costS: number, calm: readonly Window[], attacked: readonly Window[]): Report {
  const ratio = (pick: (window: Window) => number): number => of(attacked, pick) / of(calm, pick);
  const most = (windows: readonly Window[]): number => Math.max(...windows.map((one) => one.memoryMb));
  const all = (windows: readonly Window[], what: keyof Heard): number => sum(windows, ({ heard }) => heard[what]);
  const heard = heardBy((what) => all(attacked, what) - all(calm, what));
  const units = ratio((one) => one.unitsPerSecond);
  const share = (windows: readonly Window[]): number =>
    sum(windows, (one) => one.recorded) / sum(windows, (one) => one.units);
  const recorded = share(attacked) / share(calm);
  const join = ratio((one) => one.joinSeconds);
  const memory = most(attacked) - most(calm);
  const sent = sum(attacked, (one) => one.sent);
  const faults = [
    ...(sent + heard.pauses + heard.strikes + heard.bans > 0 ? [] : ["nothing arrived"]),
    ...(units >= LIMITS.units ? [] : ["too few units"]),
    ...(recorded >= LIMITS.recorded ? [] : ["too little of the work was recorded"]),
    ...(join <= LIMITS.join ? [] : ["the newcomer took too long"]),
    ...(memory <= LIMITS.memoryMb ? [] : ["too much memory"]),
  ];
  const diskMbMore = of(attacked, (one) => one.diskMb) - of(calm, (one) => one.diskMb);
  const blocks = { calm: sum(calm, (one) => one.blocks), attacked: sum(attacked, (one) => one.blocks) };
  return {
    attack: name,
    sent,
    costS,
    heard,
    units,
    recorded,
    join,
    memoryMb: memory,
    diskMb: diskMbMore,
    blocks,
    faults,
  };
}

/** Puts this process and all that it starts on processors behind the first; how to start what is to have that one. */
function apart(): readonly string[] {
  const others = `1-${cpus().length - 1}`;
  const pins = cpus().length > 1 && spawnSync("taskset", ["-a", "-cp", others, String(process.pid)]).status === 0;
  if (!pins) say("the miner shares its processor with everybody: ratios are of the machine, too");
  return pins ? ["taskset", "-c", "0"] : [];
}

const lab = new Lab();
try {
  const miner = await lab.nodeIn({ under: apart() }, "miner", NETWORK, "--role", "miner");
  const honest = await lab.node("honest", NETWORK, "--role", "peer", "--bootstrap", miner.first.addresses[0] as string);
  const siege = new Siege(lab, miner);
  await eventually(async () => ((await miner.api.status()).height > 2 ? true : undefined), "some blocks", 300_000);
  for (const [n, name] of values.attack.entries()) {
    const attack = ATTACKS[name] as Attack;
    if (!values["shared-group"]) comeFrom(elsewhere(n));
    say(`${name}: ${attack.what}`);
    const prepared = await siege.prepare(attack);
    const calm: Window[] = [];
    const attacked: Window[] = [];
    let costS = 0;
    const take = async (attacks: boolean): Promise<void> => {
      const before = process.cpuUsage();
      (attacks ? attacked : calm).push(await siege.window(attacks ? prepared : undefined));
      const { user, system } = process.cpuUsage(before);
      costS += (attacks ? 1 : -1) * ((user + system) / 1e6);
    };
    // The chain grows, and with it what a newcomer fetches: neither comes always second.
    for (let round = 0; round < rounds; round++) for (const turn of [0, 1]) await take((round + turn) % 2 === 1);
    await prepared.close();
    const report = reportOf(name, costS, calm, attacked);
    const settled = await settledAlike([miner, honest], 1).catch(() => []);
    const [one, two] = settled.map((status) => status.settled.hash);
    const linked = (await honest.api.status()).peers > 0;
    const faults = [
      ...report.faults,
      ...(one !== undefined && one === two ? [] : ["the honest peer stands elsewhere"]),
      ...(linked ? [] : ["the honest peer was cut off"]),
    ];
    process.stdout.write(`${JSON.stringify({ ...report, faults }, null, values.json ? 0 : 2)}\n`);
    if (faults.length > 0) process.exitCode = 1;
  }
  for (const node of [miner, honest]) await node.stop();
  const verified = await lab.verify("miner", NETWORK);
  say(`the miner's chain: ${JSON.stringify(verified)}`);
  if (verified.ok !== true) process.exitCode = 1;
} finally {
  await lab.close();
}
