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

export class CatchUp {
  readonly #deps: CatchUpDeps;
  readonly #signal: AbortSignal;
  /** Head whose rounds in progress were taken over: gossip brings only what is made after we connected. */
  #joined = "";

  constructor(deps: CatchUpDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    deps.events.on("status", (heard) => this.#heard(heard));
    deps.events.on("stranded", ({ ahead }) => {
      // Its next word about itself has us take its rounds over even if we did that before.
      if (ahead) this.#joined = "";
    });
  }

  /** A peer told where its head is. */
  #heard({ peer, status }: EngineEvents["status"]): void {
    const { ledger, sync } = this.#deps;
    if (toBigInt(status.work) > ledger.head.work) sync.requestSync();
    else if (bytesEqual(status.head, ledger.head.id) && this.#joined !== toHex(ledger.head.id)) void this.#join(peer);
  }

  async #join(peer: string): Promise<void> {
    const { ledger, tasks, wire, log } = this.#deps;
    const { id } = ledger.head;
    this.#joined = toHex(id);
    try {
      for (const engine of tasks) await this.#joinTask(engine, peer, id);
    } catch (error) {
      // The next peer at our head is asked instead.
      this.#joined = "";
      if (isMalformed(error)) wire.punish(peer, messageOf(error));
      log.debug({ peer, reason: messageOf(error) }, "the rounds in progress could not be fetched");
    }
  }

  async #joinTask({ task, rounds }: TaskEngine, peer: string, head: Uint8Array): Promise<void> {
    const { client, wire } = this.#deps;
    const origin = fromPeer(peer);
    const blame = (verdict: Verdict): void =>
      verdict.kind === "reject" ? wire.punish(peer, verdict.reason) : undefined;
    const open = await fetchRound(client, peer, { task: task.id, head }, { signal: this.#signal });
    for (const record of open.records) blame(await rounds.addRecord(record, origin));
    for (const { value } of open.contributions) blame(await rounds.addContribution(value, origin));
  }
}
