// Builds the engine's parts, each from those before it. They meet on the event bus; nobody holds a callback into something built later.
import { bytesEqual, Emitter, messageOf, Scope } from "../base/index.ts";
import { Auditor } from "./audits/index.ts";
import { isExcusable } from "./blame.ts";
import { Attestations, AuditWords, EvidenceWatch, Ledger, Mempool } from "./chain/index.ts";
import type { EventBus } from "./events.ts";
import {
  type Client,
  createClient,
  createServe,
  Outbox,
  ownStatus,
  Peers,
  type Serve,
  Sync,
} from "./exchange/index.ts";
import { CatchUp, createIntake, type Intake, Patience, Places } from "./intake/index.ts";
import type { EngineDeps, EngineOptions } from "./options.ts";
import { BlockStore } from "./storage/index.ts";
import { BlockMaker, Checks, Executor, FollowedTasks, RoundBoard, TaskEngine, UnitRuns } from "./training/index.ts";

/** Units of evidence that are run for peers at once. */
const EVIDENCE_PLACES = 4;
/** Checks owed at which a sync pauses. */
const MAX_BACKLOG = 32;

/** What the chain is opened with, and the chain. */
interface Ground {
  readonly scope: Scope;
  readonly events: EventBus;
  readonly blocks: BlockStore;
  readonly own: ReturnType<typeof ownStatus>;
  readonly client: Client;
  readonly peers: Peers;
  readonly followed: FollowedTasks;
  readonly ledger: Ledger;
}

/** What works on the open chain. */
interface Works {
  readonly mempool: Mempool;
  readonly words: AuditWords;
  readonly evidence: EvidenceWatch;
  readonly unitRuns: UnitRuns;
  readonly attestations: Attestations;
  readonly outbox: Outbox;
  readonly tasks: readonly TaskEngine[];
  readonly executor: Executor | undefined;
  readonly checks: Checks;
}

export interface Parts extends Ground, Works {
  readonly sync: Sync;
  readonly intake: Intake;
  readonly serve: Serve;
}

/** Opens the chain of the store and everything around it. Throws STORE_CORRUPT, WRONG_NETWORK, BAD_GENESIS. */
export async function wire(options: EngineOptions, deps: EngineDeps): Promise<Parts> {
  const ground = await layGround(options, deps);
  const works = startWorks(options, deps, ground);
  const sync = openSync(deps, ground, works);
  return {
    ...ground,
    ...works,
    sync,
    intake: openIntake(options, deps, { ...ground, ...works }),
    serve: openServe(ground, works),
  };
}

async function layGround(options: EngineOptions, deps: EngineDeps): Promise<Ground> {
  const scope = new Scope();
  const { rules, roleBits } = options;
  const { store, wire, clock, log, runtime } = deps;
  const events: EventBus = new Emitter((error, event) =>
    log.error({ event, reason: messageOf(error) }, "a listener failed"),
  );
  const blocks = new BlockStore(store);
  const own = ownStatus({ rules, roleBits, trains: runtime !== undefined }, events);
  const client = createClient({ wire, clock });
  const peers = new Peers({ wire, client, events, own, log: log.child("peers") }, scope);
  const network = { client, wire, peers };
  const followed = await FollowedTasks.open(
    options.tasks,
    { ...deps, seasonBlocks: rules.seasonBlocks, blocks, network },
    scope,
  );
  const ledger = await Ledger.open(options, { blocks, training: followed, events, clock, log: log.child("ledger") });
  return { scope, events, blocks, own, client, peers, followed, ledger };
}

function startWorks(options: EngineOptions, deps: EngineDeps, ground: Ground): Works {
  const { rules, leads } = options;
  const { events, ledger, followed, scope } = ground;
  const { log, runtime } = deps;
  const board = new RoundBoard();
  const outbox = new Outbox({ wire: deps.wire, log: log.child("outbox") });
  const mempool = new Mempool(rules, { events, state: () => ledger.state });
  const words = new AuditWords(rules, { events, state: () => ledger.state });
  const evidence = new EvidenceWatch(rules, { events, state: () => ledger.state });
  const attestations = new Attestations(rules, options.trustedVerifiers);
  const unitRuns = new UnitRuns({ rules, tasks: followed, runtime });
  const found = { mempool, words, evidence, attestations };
  const shared = { ...deps, ...ground, ...found, tasks: followed, unitRuns, board, outbox };
  const blockMaker = new BlockMaker({ ...shared, log: log.child("trainer") }, scope);
  const tasks = followed.all.map(
    (one) =>
      new TaskEngine({ rules, leads }, { ...shared, followed: one, blockMaker, log: log.child(one.task.name) }, scope),
  );
  const executor =
    runtime === undefined ? undefined : new Executor({ ...shared, runtime, log: log.child("executor") }, scope);
  const checks = new Checks({ ...shared, rules, executor, log: log.child("checks") }, scope);
  const { watchesAudits: watches } = options;
  if (runtime !== undefined) new Auditor({ rules, watches }, { ...shared, log: log.child("auditor") }, scope);
  events.on("record", ({ bytes, origin }) => {
    if (origin.kind === "own") outbox.publish("record", bytes);
  });
  return { ...found, unitRuns, outbox, tasks, executor, checks };
}

function openSync(deps: EngineDeps, ground: Ground, { tasks, executor, evidence }: Works): Sync {
  const { wire, log } = deps;
  const { ledger, scope } = ground;
  const sync = new Sync(
    {
      ...ground,
      wire,
      log: log.child("sync"),
      head: () => ledger.head,
      isExcusable: (verdict) => isExcusable(verdict, ledger.rules),
      has: async (id) => (await ledger.entry(id)) !== undefined,
      importBlock: async (block, origin) => {
        await executor?.below(MAX_BACKLOG);
        const verdict = await ledger.importBlock(block, origin, scope);
        if (verdict.kind === "accept") evidence.noteHeader(block.value.header);
        return verdict;
      },
    },
    scope,
  );
  new CatchUp({ ...ground, tasks, sync, wire, log: log.child("catch-up") }, scope);
  return sync;
}

function openIntake({ checksBeforeRelay }: EngineOptions, { clock, wire }: EngineDeps, parts: Ground & Works): Intake {
  const { events, scope, executor, tasks } = parts;
  return createIntake({
    ...parts,
    wire,
    patience: new Patience({ events, clock }, scope),
    places: new Places(EVIDENCE_PLACES),
    task: (id) => engineOf(tasks, id),
    checksBeforeRelay: checksBeforeRelay && executor !== undefined,
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

const engineOf = (tasks: readonly TaskEngine[], id: Uint8Array): TaskEngine | undefined =>
  tasks.find(({ task }) => bytesEqual(task.id, id));
