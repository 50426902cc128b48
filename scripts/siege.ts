// A real miner under attack by strangers, beside itself undisturbed: `npm run siege -- [--attack <name>]... [--seconds <n>] [--rounds <n>] [--json]`.
// A miner, an honest peer, and in every window a newcomer that joins. Windows of calm and attack alternate, so that whatever else the
// machine does is done to both. All are of one address, so of one IP group: what strangers do of their group's share the honest lose too. Ends with 1 when the miner keeps less than 0.8 of its units, or the honest are struck or part.
import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median } from "../src/base/index.ts";
import { loadNetwork } from "../src/node/index.ts";
import { eventually, Lab, type LabNode, settledAlike } from "../test/support/e2e-lab.ts";
import type { Attack, Prepared } from "./siege/attack.ts";
import { FLOODS } from "./siege/gossip.ts";
import { SOCKETS } from "./siege/sockets.ts";
import type { Target } from "./siege/stranger.ts";
import { diskMb, memoryMb } from "./support/footprint.ts";

const ATTACKS: { readonly [name: string]: Attack } = { ...FLOODS, ...SOCKETS };
const USAGE = `Usage: npm run siege -- [options]
  --attack <name>  only this one (repeatable): ${Object.keys(ATTACKS).join(", ")}
  --seconds <n>    of a window (40)
  --rounds <n>     windows of calm and of attack, each (3)
  --json
`;
const NETWORK = "devnet";
/** What an attack must leave of the units. */
const LEFT = 0.8;

const { values } = parseArgs({
  options: {
    attack: { type: "string", multiple: true, default: Object.keys(ATTACKS) },
    seconds: { type: "string", default: "40" },
    rounds: { type: "string", default: "3" },
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
  readonly blocks: number;
  /** Until a newcomer stood at the height that the miner had when it came, seconds. */
  readonly joinSeconds: number;
  /** Resident memory of the miner at the end, MB, and what its data directory grew by. */
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly sent: number;
}

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
    const before = await this.#miner.api.status();
    const begin = performance.now();
    const attacks = attack?.run(ends) ?? Promise.resolve(0);
    const joins = this.#join(before.height, attack?.lures ?? []);
    await delay(seconds * 1000);
    const after = await this.#miner.api.status();
    const took = (performance.now() - begin) / 1000;
    const joinSeconds = await joins;
    ends.abort();
    return {
      unitsPerSecond: (after.stats.units - before.stats.units) / took,
      blocks: after.height - before.height,
      joinSeconds,
      memoryMb: memoryMb(this.#miner.process.pid),
      diskMb: diskMb(this.#lab.dataDir("miner")) - disk,
      sent: await attacks,
    };
  }

  async #join(height: number, lures: readonly string[]): Promise<number> {
    const begin = performance.now();
    const name = `newcomer-${this.#newcomers++}`;
    const told = [...lures, this.#target.address].flatMap((address) => ["--bootstrap", address]);
    const node = await this.#lab.node(name, NETWORK, "--role", "peer", ...told);
    await eventually(
      async () => ((await node.api.status()).height >= height ? true : undefined),
      `${name} at height ${height}`,
      600_000,
    );
    const took = (performance.now() - begin) / 1000;
    await node.stop();
    rmSync(this.#lab.dataDir(name), { recursive: true, force: true });
    return took;
  }
}

const of = (windows: readonly Window[], pick: (window: Window) => number): number => median(windows.map(pick)) ?? 0;

/** What an attack left, each as a ratio to the calm of the same run. */
function reportOf(name: string, calm: readonly Window[], attacked: readonly Window[]): object {
  const ratio = (pick: (window: Window) => number): number => of(attacked, pick) / of(calm, pick);
  return {
    attack: name,
    sent: attacked.reduce((sum, { sent }) => sum + sent, 0),
    units: ratio((one) => one.unitsPerSecond),
    join: ratio((one) => one.joinSeconds),
    memoryMb: Math.max(...attacked.map((one) => one.memoryMb)) - Math.max(...calm.map((one) => one.memoryMb)),
    diskMb: of(attacked, (one) => one.diskMb) - of(calm, (one) => one.diskMb),
    blocks: { calm: calm.map((one) => one.blocks), attacked: attacked.map((one) => one.blocks) },
    windows: { calm, attacked },
  };
}

const lab = new Lab();
try {
  const miner = await lab.node("miner", NETWORK, "--role", "miner");
  const honest = await lab.node("honest", NETWORK, "--role", "peer", "--bootstrap", miner.first.addresses[0] as string);
  const siege = new Siege(lab, miner);
  await eventually(async () => ((await miner.api.status()).height > 2 ? true : undefined), "some blocks", 300_000);
  for (const name of values.attack) {
    const attack = ATTACKS[name] as Attack;
    say(`${name}: ${attack.what}`);
    const prepared = await siege.prepare(attack);
    const calm: Window[] = [];
    const attacked: Window[] = [];
    for (let round = 1; round <= rounds; round++) {
      calm.push(await siege.window(undefined));
      attacked.push(await siege.window(prepared));
      const [a, b] = [calm.at(-1), attacked.at(-1)] as [Window, Window];
      say(`round ${round}: ${a.unitsPerSecond.toFixed(2)} units a second, under attack ${b.unitsPerSecond.toFixed(2)}`);
    }
    await prepared.close();
    const report = reportOf(name, calm, attacked) as { units: number };
    process.stdout.write(`${JSON.stringify(report, null, values.json ? 0 : 2)}\n`);
    if (report.units < LEFT) process.exitCode = 1;
    const [one, two] = (await settledAlike([miner, honest], 1)).map(({ settled }) => settled.hash);
    const linked = (await honest.api.status()).peers > 0;
    if (one !== two || !linked) {
      say(`${name}: the honest peer ${linked ? "stands elsewhere" : "was cut off"}`);
      process.exitCode = 1;
    }
  }
} finally {
  await lab.close();
}
