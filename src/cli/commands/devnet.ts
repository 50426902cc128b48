// `pouw-node devnet`: a small network of real processes on this machine, with one screen for all.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { PouwError } from "../../base/index.ts";
import type { Genesis } from "../../chain/index.ts";
import { loadNetwork, type NodeOptions, resolveConfig } from "../../node/index.ts";
import { type Context, type JsonOption, optionsOf } from "../context.ts";
import { keepTemporary, makeTemporary } from "../devnet-dirs.ts";
import { devnetGenesis, writeGenesis } from "../devnet-network.ts";
import { DevnetNode } from "../devnet-nodes.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { catchInterrupts, pause } from "../interrupt.ts";
import { colorsFor, type Io, isLive, printLine, say, toJson } from "../io.ts";
import { addFlags, flagsOf } from "../settings-options.ts";
import { agreementLine, type DevnetRow, disagreements, renderDevnet } from "../views/devnet.ts";
import { above, openScreen, type Screen } from "../views/screen.ts";
import { plural } from "../views/text.ts";

const TICK_MS = 1000;
const MAX_NODES = 32;
/** Settings that every node of the network gets as they are given to this command. */
const PASSED_ON = ["network", "provider", "workers", "logLevel"] as const satisfies readonly (keyof NodeOptions)[];

interface DevnetOptions extends JsonOption {
  readonly miners: string;
  readonly verifiers: string;
  readonly peers: string;
  readonly task?: readonly string[];
  readonly apiBasePort?: string;
  readonly dataDir?: string;
  readonly duration?: string;
}

interface Plan {
  readonly roles: readonly string[];
  readonly dir: string;
  /** Made here, so taken away at a clean end. */
  readonly temporary: boolean;
  readonly seconds: number;
  readonly network: PlannedNetwork;
  readonly settings: (index: number) => object;
}

interface PlannedNetwork {
  /** Names of its tasks. */
  readonly tasks: readonly string[];
  /** What its nodes are told, once the devnet's directory is there. */
  readonly nameIn: (dir: string) => string;
}

function count(text: string, name: string, max: number): number {
  if (/^\d{1,6}$/.test(text) && Number(text) <= max) return Number(text);
  throw new PouwError("BAD_CONFIG", `${name} must be a whole number of at most ${max}, not "${text}".`);
}

/** What the flags say for the nodes, checked here once. The nodes share the machine's cores, so one worker unless told. */
function passedOn({ io, deps }: Context, command: Command): Pick<NodeOptions, (typeof PASSED_ON)[number]> {
  const flags = { workers: 1, ...flagsOf(command, deps.settings, PASSED_ON) };
  const { options } = resolveConfig({ flags, home: io.home, table: deps.settings });
  const { network, provider, workers, logLevel } = options;
  return { network, provider, workers, logLevel };
}

/** The network that was named, or one of its own for the models of `--task`. Throws BAD_CONFIG, BAD_GENESIS. */
function networkOf(command: Command, name: string): PlannedNetwork {
  const { task: models, network: named } = optionsOf<DevnetOptions & { readonly network?: string }>(command);
  if (named !== undefined && models !== undefined)
    throw new PouwError("BAD_CONFIG", "--task and --network do not go together.", {
      remedy: "Leave out --network: a devnet makes a network of its own for the models of --task.",
    });
  const genesis: Genesis = named === undefined ? devnetGenesis(models) : loadNetwork(name).genesis;
  return {
    tasks: genesis.tasks.map((task) => task.name),
    nameIn: (dir) => (named === undefined ? writeGenesis(dir, genesis) : name),
  };
}

function planOf(context: Context, command: Command): Plan {
  const { io } = context;
  const options = optionsOf<DevnetOptions>(command);
  const of = (role: string, text: string): string[] =>
    Array.from({ length: count(text, `--${role}s`, MAX_NODES) }, () => role);
  const roles = [...of("miner", options.miners), ...of("verifier", options.verifiers), ...of("peer", options.peers)];
  if (roles.length === 0 || roles.length > MAX_NODES)
    throw new PouwError("BAD_CONFIG", `A devnet has 1 to ${MAX_NODES} nodes, not ${roles.length}.`);
  const base = options.apiBasePort === undefined ? undefined : count(options.apiBasePort, "--api-base-port", 65_000);
  const settings = passedOn(context, command);
  const network = networkOf(command, settings.network);
  const seconds =
    options.duration === undefined ? Number.POSITIVE_INFINITY : count(options.duration, "--duration", 999_999);
  return {
    roles,
    dir: options.dataDir === undefined ? makeTemporary(tmpdir()) : resolve(io.cwd, options.dataDir),
    temporary: options.dataDir === undefined,
    seconds,
    network,
    settings: (index) => ({
      ...settings,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      exemptLocal: true,
      apiPort: base === undefined ? 0 : base + index,
    }),
  };
}

/** Of several tasks each miner trains one, in turn; whoever else there is follows all of them. */
function trainedBy({ roles, network: { tasks } }: Plan, index: number): string | undefined {
  return tasks.length > 1 && roles[index] === "miner" ? tasks[index % tasks.length] : undefined;
}

interface Joining {
  readonly network: string;
  readonly bootstrap: readonly string[];
}

function spawnNode(io: Io, plan: Plan, index: number, joining: Joining): DevnetNode {
  const role = plan.roles[index] as string;
  const name = `node-${index}`;
  const settings = { ...plan.settings(index), ...joining };
  return new DevnetNode({ name, role, dir: join(plan.dir, name), trains: trainedBy(plan, index), settings }, io);
}

/** One second of the network. What is not known is null, so that every row has every key. */
function jsonLine(seconds: number, rows: readonly DevnetRow[]): string {
  const nodes = rows.map(({ name, role, trains, status, ended }) => ({
    name,
    role,
    trains: trains ?? null,
    ended: ended ?? null,
    status: status ?? null,
  }));
  return toJson({ seconds, agree: disagreements(rows).length === 0, nodes });
}

/** Where the network is shown. */
interface Display {
  readonly io: Io;
  readonly json: boolean;
  readonly screen: Screen | undefined;
}

/** Draws or prints once a second until the time is up, the signal comes, or a node dies. */
async function watch(
  plan: Plan,
  nodes: readonly DevnetNode[],
  { io, json, screen }: Display,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const colors = colorsFor(io.stderr, io.env);
  const begin = performance.now();
  let said = "";
  while (!signal.aborted) {
    const seconds = (performance.now() - begin) / 1000;
    await Promise.all(nodes.map((node) => node.poll()));
    const rows = nodes.map((node) => node.row);
    if (json) printLine(io, jsonLine(seconds, rows));
    else if (screen !== undefined)
      screen.draw(renderDevnet(rows, { colors, columns: screen.columns(), seconds, dir: plan.dir }));
    else {
      const line = agreementLine(rows, colors);
      if (line !== said) say(io, line);
      said = line;
    }
    if (seconds >= plan.seconds || nodes.some((node) => node.died)) break;
    await pause(Math.min(TICK_MS, (plan.seconds - seconds) * 1000), { signal });
  }
  screen?.done();
}

async function runDevnet(context: Context, command: Command): Promise<ExitCode> {
  const { io } = context;
  const plan = planOf(context, command);
  const nodes: DevnetNode[] = [];
  const json = optionsOf<JsonOption>(command).json === true;
  const screen = !json && isLive(io.stderr, io.env) ? openScreen(io.stderr) : undefined;
  const interrupts = catchInterrupts(above(io, screen), "Stopping all nodes");
  const killAll = (): void => {
    for (const node of nodes) node.kill();
    if (plan.temporary) rmSync(plan.dir, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", killAll);
  try {
    say(io, `Starting ${plural(plan.roles.length, "node")} in ${plan.dir} ...`);
    const network = plan.network.nameIn(plan.dir);
    const first = spawnNode(io, plan, 0, { network, bootstrap: [] });
    nodes.push(first);
    const bootstrap = [await first.address(interrupts)];
    for (let index = 1; index < plan.roles.length; index++)
      nodes.push(spawnNode(io, plan, index, { network, bootstrap }));
    await watch(plan, nodes, { io, json, screen }, interrupts);
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    // Where a directory stays for its logs, no key stays in it.
    if (plan.temporary) for (const node of nodes) node.dropKeys();
    process.off("exit", killAll);
    interrupts.release();
  }
  const dead = nodes.filter((node) => node.died);
  for (const node of dead)
    say(io, `${node.name} (${node.role}) ended by itself: ${node.row.ended}; its log is ${node.logFile}`);
  if (dead.length > 0) {
    if (plan.temporary) keepTemporary(plan.dir);
    return EXIT.failure;
  }
  if (plan.temporary) rmSync(plan.dir, { recursive: true, force: true });
  say(io, `All nodes have stopped${plan.temporary ? "; their directory is gone" : `; their data is in ${plan.dir}`}.`);
  return EXIT.ok;
}

export function devnetCommand(context: Context): Command {
  const { deps, action } = context;
  const command = new Command("devnet")
    .description("several nodes as real processes on this machine, with one screen")
    .option("--miners <n>", "how many mine", "2")
    .option("--verifiers <n>", "how many verify", "1")
    .option("--peers <n>", "how many only follow", "0")
    .addOption(
      new Option(
        "--task <model>",
        "a model to train; may be repeated: each miner trains one (default: digits-mlp)",
      ).argParser((text: string, before: string[] | undefined): string[] => [...(before ?? []), ...text.split(",")]),
    )
    .option(
      "--api-base-port <port>",
      "API port of the first node, the next one of the second ...; free ports without it",
    )
    .option("--data-dir <dir>", "where the nodes live; a temporary directory without it")
    .option("--duration <seconds>", "stop after this long")
    .option("--json", "print one JSON object per second");
  return addFlags(command, deps.settings, PASSED_ON)
    .addHelpText("after", "\nNodes train on one thread unless --workers says otherwise.")
    .action(action((command) => runDevnet(context, command)));
}
