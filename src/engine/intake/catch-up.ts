// Keeps up with peers that are ahead: a heavier chain is synced, the round in progress on our own head is taken over.
import { bytesEqual, isMalformed, messageOf, toBigInt, toHex, type Verdict } from "../../base/index.ts";
import type { PeerStatus } from "../../codec/index.ts";
import type { Log, Wire } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { Ledger } from "../chain/ledger.ts";
import type { Peers } from "../exchange/peers.ts";
import type { Sync } from "../exchange/sync.ts";
import type { Rounds } from "../training/rounds.ts";

export interface CatchUpDeps {
  readonly ledger: Ledger;
  readonly rounds: Rounds;
  readonly sync: Sync;
  readonly peers: Peers;
  readonly wire: Wire;
  readonly log: Log;
}

export class CatchUp {
  readonly #task: Task;
  readonly #deps: CatchUpDeps;
  readonly #signal: AbortSignal;
  /** Head whose round in progress was taken over: gossip brings only what is made after we connected. */
  #joined = "";

  constructor(task: Task, deps: CatchUpDeps, options: { readonly signal: AbortSignal }) {
    this.#task = task;
    this.#deps = deps;
    this.#signal = options.signal;
  }

  /** A peer told where its head is. */
  heard(peer: string, status: PeerStatus): void {
    const { ledger, sync } = this.#deps;
    if (toBigInt(status.work) > ledger.head.work) sync.requestSync();
    else if (bytesEqual(status.head, ledger.head.id) && this.#joined !== toHex(ledger.head.id)) void this.#join(peer);
  }

  /** A peer sent what we cannot place yet: asks for its head, and for its round even if we took over one already. */
  again(peer: string): void {
    this.#joined = "";
    void this.#deps.peers.greet(peer, { signal: this.#signal });
  }

  async #join(peer: string): Promise<void> {
    const { ledger, rounds, sync, wire, log } = this.#deps;
    const { id } = ledger.head;
    this.#joined = toHex(id);
    const blame = (verdict: Verdict): void =>
      verdict.kind === "reject" ? wire.punish(peer, verdict.reason) : undefined;
    try {
      const { records, contributions } = await sync.fetchRound(peer, { task: this.#task.id, head: id });
      for (const record of records) blame(await rounds.addRecord(record, peer, false));
      for (const contribution of contributions) blame(await rounds.addContribution(contribution, peer, false));
    } catch (error) {
      // The next peer at our head is asked instead.
      this.#joined = "";
      if (isMalformed(error)) wire.punish(peer, messageOf(error));
      log.debug({ peer, reason: messageOf(error) }, "the round in progress could not be fetched");
    }
  }
}
