// Builds the engine's parts, each from those before it. They meet on the event bus; nobody holds a callback into something built later.
import { bytesEqual, Emitter, messageOf, Scope, Shares } from "../base/index.ts";
import type { State } from "../chain/index.ts";
import { followHeader } from "../consensus/index.ts";
import { Auditor } from "./audits/index.ts";
import { isExcusable } from "./blame.ts";
import { Attestations, AuditWords, EvidenceWatch, KeyBans, Ledger, Mempool, OwnKey } from "./chain/index.ts";
import type { EventBus } from "./events.ts";
import {
  type Client,
  createClient,
  createServe,
  type Foresight,
  Outbox,
  ownStatus,
  PeerClocks,
  Peers,
  type Serve,
  Sync,
} from "./exchange/index.ts";
import {
  CatchUp,
  createIntake,
  createTakeSynced,
  EarlyBlocks,
  type Intake,
  Patience,
  Uncovered,
} from "./intake/index.ts";
import type { EngineDeps, EngineOptions } from "./options.ts";
import { scrubSources } from "./scrub-sources.ts";
import { type BlockEntry, BlockStore, Persistence, Scrub, SteadyStore } from "./storage/index.ts";
import {
  BlockMaker,
  Checks,
  Executor,
  FollowedTasks,
  OwedChecks,
  RoundBoard,
  Sampling,
  Sources,
  TaskEngine,
  UnitRuns,
  Voice,
} from "./training/index.ts";

/** Units of evidence that are run for peers at once. */
const EVIDENCE_PLACES = { perPeer: 1, perGroup: 2, inAll: 4 };

/** What the chain is opened with, and the chain. */
interface Ground {
  readonly scope: Scope;
  readonly events: EventBus;
  /** Waits out what the disk does not take. */
  readonly store: SteadyStore;
  readonly blocks: BlockStore;
  readonly own: ReturnType<typeof ownStatus>;
  readonly client: Client;
  readonly peers: Peers;
  readonly clocks: PeerClocks;
  readonly followed: FollowedTasks;
  readonly bans: KeyBans;
  readonly ownKey: OwnKey;
  /** Whether this node re-executes the units of a task. */
  readonly executes: (task: Uint8Array) => boolean;
  readonly ledger: Ledger;
}

/** What works on the open chain. */
interface Works {
  readonly mempool: Mempool;
  readonly words: AuditWords;
  readonly evidence: EvidenceWatch;
  readonly unitRuns: UnitRuns;
  readonly attestations: Attestations;
  readonly tasks: readonly TaskEngine[];
  readonly owed: OwedChecks;
  readonly executor: Executor | undefined;
  readonly sources: Sources;
  readonly sampling: Sampling;
  readonly checks: Checks;
  readonly voice: Voice;
  readonly outbox: Outbox;
}

export interface Parts extends Ground, Works {
  readonly sync: Sync;
  readonly intake: Intake;
  readonly serve: Serve;
  readonly scrub: Scrub;
}

/** Opens the chain of the store and everything around it. Throws STORE_CORRUPT, WRONG_NETWORK, BAD_GENESIS. */
export async function wire(options: EngineOptions, deps: EngineDeps): Promise<Parts> {
  const ground = await layGround(options, deps);
  const works = startWorks(options, deps, ground);
  const sync = openSync(options, deps, ground, works);
  return {
    ...ground,
    ...works,
    sync,
    intake: openIntake(options, deps, { ...ground, ...works }),
    serve: openServe(ground, works),
    scrub: openScrub(deps, ground),
  };
}

async function layGround(options: EngineOptions, deps: EngineDeps): Promise<Ground> {
  const scope = new Scope();
  const { rules, roleBits, retention } = options;
  const { wire, clock, log, runtime } = deps;
  const events: EventBus = new Emitter((error, event) =>
    log.error({ event, reason: messageOf(error) }, "a listener failed"),
  );
  const persistence = new Persistence({ clock, events, log: log.child("store") }, scope);
  const store = new SteadyStore({ ...deps, persistence }, scope);
  const blocks = new BlockStore(store, retention === undefined ? {} : { retention });
  const own = ownStatus({ rules, roleBits, trains: runtime !== undefined }, { events, clock, blocks });
  const client = createClient({ wire, clock });
  const clocks = new PeerClocks({ clock, events, log: log.child("clock") });
  const peers = new Peers({ wire, client, events, own, clock, clocks, log: log.child("peers") }, scope);
  const ownKey = new OwnKey(options, { ...deps, events, persistence, peers, log: log.child("key") }, scope);
  const network = { client, wire, clock, peers };
  const followed = await FollowedTasks.open(
    options.tasks,
    { ...deps, store, seasonBlocks: rules.seasonBlocks, blocks, network },
    scope,
  );
  const bans = new KeyBans(rules, events);
  const executes = (task: Uint8Array): boolean => runtime !== undefined && followed.get(task) !== undefined;
  const chain = { blocks, training: followed, executes, bans, events, clock, log: log.child("ledger") };
  const ledger = await Ledger.open(options, chain);
  return { scope, events, store, blocks, own, client, peers, clocks, followed, bans, ownKey, executes, ledger };
}

function startWorks(options: EngineOptions, deps: EngineDeps, ground: Ground): Works {
  const { rules, trustedVerifiers: trusted } = options;
  const { events, ledger, followed, scope } = ground;
  const state = (): State => ledger.state;
  const { log, runtime } = deps;
  const board = new RoundBoard();
  const outbox = new Outbox({ wire: deps.wire, log: log.child("outbox") });
  const mempool = new Mempool(options, { events, state });
  const words = new AuditWords(rules, { events, state });
  const evidence = new EvidenceWatch(rules, { events, state });
  const attestations = new Attestations({ rules, trusted }, { state, recent: (id) => ledger.recent(id) });
  const owed = new OwedChecks((peer) => deps.wire.groupOf(peer));
  const sources = new Sources({ ...deps, ledger });
  const unitRuns = new UnitRuns({ rules, tasks: followed, runtime });
  const sampling = new Sampling({ ...ground, ...deps, random: secretShare, log: log.child("checks") }, scope);
  const found = { sampling, mempool, words, evidence, attestations, owed, sources, unitRuns, outbox };
  const shared = { ...deps, ...ground, ...found, tasks: followed, board };
  const blockMaker = new BlockMaker({ ...shared, log: log.child("trainer") }, scope);
  const tasks = followed.all.map(
    (one) => new TaskEngine(options, { ...shared, followed: one, blockMaker, log: log.child(one.task.name) }, scope),
  );
  const executor =
    runtime === undefined ? undefined : new Executor({ ...shared, runtime, log: log.child("executor") }, scope);
  const checks = new Checks({ ...shared, executor, log: log.child("checks") }, scope);
  const voice = new Voice(shared);
  const { watchesAudits: watches } = options;
  if (runtime !== undefined) new Auditor({ rules, watches }, { ...shared, log: log.child("auditor") }, scope);
  events.on("record", ({ bytes, origin }) => {
    if (origin.kind === "own") outbox.publish("record", bytes);
  });
  return { ...found, tasks, executor, checks, voice };
}

function openSync(options: EngineOptions, deps: EngineDeps, ground: Ground, works: Works): Sync {
  const { wire, log } = deps;
  const { ledger, scope } = ground;
  const { tasks } = works;
  const sync = new Sync(
    {
      ...ground,
      wire,
      log: log.child("sync"),
      clock: deps.clock,
      head: () => ledger.head,
      recent: (id) => heldAs(ledger.recent(id)),
      known: async () => [...(await ground.blocks.strides(ledger.head.height)), ledger.rules.genesis],
      pointOf: (id) => ledger.stateOf(id),
      follow: (at, header) => followHeader(at, header, ledger.rules),
      needsDeltas: tasks.length > 0,
      owes: () => works.executor !== undefined && (works.owed.size > 0 || works.sampling.isOpen),
      segment: () => {
        const { isOpen, height, isMoving: moves } = works.sampling;
        return isOpen ? { height, moves } : undefined;
      },
      sample: async (branch, from) => {
        if (options.samples && ledger.rules.tasks.every(({ id }) => ground.executes(id)))
          await works.sampling.prepare(branch, from);
      },
      foresight: foresightOf(ground, works),
      isExcusable: (verdict) => isExcusable(verdict, ledger.rules),
      held: async (id) => heldAs(await ledger.entry(id)),
      importBlock: createTakeSynced({ ...ground, ...works, signal: scope.signal }),
    },
    scope,
  );
  new CatchUp({ ...ground, tasks, sync, wire, log: log.child("catch-up") }, scope);
  return sync;
}

/** A number from 0, below 1, that nobody else can know. */
function secretShare(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high + low / 2 ** 32) / 2 ** 32;
}

const heldAs = (entry: BlockEntry | undefined): { readonly work: bigint; readonly isForged: boolean } | undefined =>
  entry === undefined ? undefined : { work: entry.work, isForged: entry.checked === "invalid" };

/** Who runs every task's units needs nobody's word. */
function foresightOf({ ledger, executes }: Ground, { attestations }: Works): Foresight | undefined {
  if (ledger.rules.tasks.every(({ id }) => executes(id))) return undefined;
  return {
    vouched: () =>
      attestations
        .blocks()
        .map(({ block: id, height }) => ({ id, height }))
        .filter(({ id }) => ledger.recent(id) === undefined && attestations.decided(id, ledger.state) === "valid"),
    foretell: (ids) => attestations.foretell(ids),
  };
}

function openIntake(
  { rules, checksBeforeRelay }: EngineOptions,
  { clock, wire, log }: EngineDeps,
  parts: Ground & Works,
): Intake {
  const { events, scope, tasks } = parts;
  const groupOf = (peer: string): string => wire.groupOf(peer);
  return createIntake({
    ...parts,
    wire,
    clock,
    patience: new Patience({ events, clock, groupOf }, scope),
    early: new EarlyBlocks({ rules, clock, wire, groupOf, log: log.child("intake") }, scope),
    uncovered: new Uncovered({ events, groupOf }),
    evidenceRuns: new Shares(EVIDENCE_PLACES, groupOf),
    groupOf,
    task: (id) => engineOf(tasks, id),
    checksBeforeRelay,
    signal: scope.signal,
  });
}

function openServe({ own, peers, blocks, followed }: Ground, { tasks }: Works): Serve {
  return createServe({
    own,
    hear: (peer, status) => void peers.hear(peer, status),
    blocks,
    blobs: followed,
    round: (task) => engineOf(tasks, task)?.openRecords(),
  });
}

function openScrub({ clock, log, wire }: EngineDeps, ground: Ground): Scrub {
  const { ledger, scope } = ground;
  const sources = scrubSources({ ...ground, wire, clock, genesis: ledger.rules.genesis }, scope);
  return new Scrub({ ...ground, sources, clock, log: log.child("scrub"), head: () => ledger.head }, scope);
}

const engineOf = (tasks: readonly TaskEngine[], id: Uint8Array): TaskEngine | undefined =>
  tasks.find(({ task }) => bytesEqual(task.id, id));
