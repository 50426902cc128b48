// Keeps up with peers that are ahead: a heavier chain is synced, the rounds in progress on our own head are taken over.
import { bytesEqual, isMalformed, messageOf, toBigInt, toHex, type Verdict } from "../../base/index.ts";
import type { Log, Wire } from "../../ports/index.ts";
import type { Ledger } from "../chain/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import { type Client, fetchRound, type Sync } from "../exchange/index.ts";
import { fromPeer } from "../origin.ts";
import type { TaskEngine } from "../training/index.ts";

export interface CatchUpDeps {
  readonly ledger: Ledger;
  readonly tasks: readonly TaskEngine[];
  readonly sync: Sync;
  readonly client: Client;
  readonly wire: Pick<Wire, "punish">;
  readonly events: EventBus;
  readonly log: Log;
}

/** The rounds in progress on a head, taken over: gossip brings only what is made after we connected. */
interface Joining {
  readonly head: string;
  /** Peers that were asked. */
  readonly asked: Set<string>;
  /** Tasks that one of them brought something of: not every peer follows every task. */
  readonly found: Set<string>;
}

const joiningOf = (head: string): Joining => ({ head, asked: new Set(), found: new Set() });

export class CatchUp {
  readonly #deps: CatchUpDeps;
  readonly #signal: AbortSignal;
  #joining = joiningOf("");

  constructor(deps: CatchUpDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    deps.events.on("status", (heard) => this.#heard(heard));
    deps.events.on("stranded", ({ ahead }) => {
      // Its next word about itself has us take its rounds over even if we did that before.
      if (ahead) this.#joining = joiningOf("");
    });
  }

  /** A peer told where its head is. */
  #heard({ peer, status }: EngineEvents["status"]): void {
    const { ledger, sync } = this.#deps;
    if (toBigInt(status.work) > ledger.head.work) sync.requestSync();
    else if (bytesEqual(status.head, ledger.head.id)) void this.#join(peer);
  }

  async #join(peer: string): Promise<void> {
    const { ledger, tasks, wire, log } = this.#deps;
    const { id } = ledger.head;
    if (this.#joining.head !== toHex(id)) this.#joining = joiningOf(toHex(id));
    const { asked, found } = this.#joining;
    if (asked.has(peer)) return;
    asked.add(peer);
    try {
      for (const engine of tasks) {
        const name = toHex(engine.task.id);
        if (!found.has(name) && (await this.#joinTask(engine, peer, id))) found.add(name);
      }
    } catch (error) {
      // May be asked again; meanwhile others at our head are.
      asked.delete(peer);
      if (isMalformed(error)) wire.punish(peer, messageOf(error));
      log.debug({ peer, reason: messageOf(error) }, "the rounds in progress could not be fetched");
    }
  }

  /** Whether the peer had anything that counts. */
  async #joinTask({ task, rounds }: TaskEngine, peer: string, head: Uint8Array): Promise<boolean> {
    const { client, wire } = this.#deps;
    const origin = fromPeer(peer);
    let counts = false;
    const take = (verdict: Verdict): void => {
      if (verdict.kind === "reject") wire.punish(peer, verdict.reason);
      if (verdict.kind === "accept") counts = true;
    };
    const open = await fetchRound(client, peer, { task: task.id, head }, { signal: this.#signal });
    for (const record of open.records) take(await rounds.addRecord(record, origin));
    for (const { value } of open.contributions) take(await rounds.addContribution(value, origin));
    return counts;
  }
}
