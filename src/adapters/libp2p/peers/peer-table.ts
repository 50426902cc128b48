// The table of ready peers: connected, identified, of this network. Tells its listeners of them, and when they are gone.
import type { Connection, IdentifyResult, Libp2p, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { Emitter, messageOf, PouwError } from "../../../base/index.ts";
import type { Clock, Log, PeerInfo } from "../../../ports/index.ts";
import { deadline } from "../deadline.ts";
import { protocolName } from "../options.ts";
import { roundTripMs } from "../pace.ts";
import { type Crowd, HANDSHAKE_MS } from "./crowd.ts";
import type { Guard } from "./guard.ts";

interface Entry {
  readonly since: number;
  agent: string | undefined;
}

/** What happens to a peer, by its id. */
export interface PeerEvents {
  /** It is ready for requests. */
  ready: string;
  /** It was ready, and has gone. */
  lost: string;
  /** Its connection is over, whether it was ever ready or not. */
  closed: string;
}

export interface PeerTableDeps {
  readonly node: Pick<Libp2p, "getConnections" | "addEventListener" | "removeEventListener">;
  readonly guard: Pick<Guard, "foreign" | "isBanned">;
  readonly clock: Clock;
  readonly log: Log;
  readonly crowd: Pick<Crowd, "groupOf" | "ready">;
  score(peer: string): number;
}

export class PeerTable {
  readonly #deps: PeerTableDeps;
  /** The protocol that every peer of this network speaks. */
  readonly #shibboleth: string;
  readonly #ready = new Map<string, Entry>();
  readonly #changes: Emitter<PeerEvents>;

  constructor(options: { readonly network: string }, deps: PeerTableDeps) {
    this.#deps = deps;
    this.#shibboleth = protocolName(options.network, "status");
    this.#changes = new Emitter((error) => {
      deps.log.error({ error: messageOf(error) }, "a handler of the wire threw");
    });
    deps.node.addEventListener("peer:identify", this.#onIdentify);
    deps.node.addEventListener("peer:disconnect", this.#onDisconnect);
  }

  /** Adds a listener; one that throws is logged and disturbs nobody. */
  on<K extends keyof PeerEvents>(event: K, listener: (peer: string) => void): void {
    this.#changes.on(event, listener);
  }

  infos(): PeerInfo[] {
    return [...this.#ready].map(([peer, entry]) => this.#infoOf(peer, entry));
  }

  /** Ids of ready peers. */
  ids(): string[] {
    return [...this.#ready.keys()];
  }

  isReady(peer: string): boolean {
    return this.#ready.has(peer);
  }

  /** An open connection to a ready peer. */
  connectionTo(peer: string): Connection | undefined {
    return this.#ready.has(peer) ? this.#connectionsOf(peer)[0] : undefined;
  }

  /** Resolves when the peer is ready; throws WIRE_FAILED when it goes away, belongs elsewhere, or the signal aborts. */
  async whenReady(peer: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#ready.has(peer)) return;
    const fail = (how: string): PouwError => new PouwError("WIRE_FAILED", `${peer} ${how}`);
    if (signal.aborted) throw fail("was given up");
    if (this.#connectionsOf(peer).length === 0) throw fail("closed the connection");
    const limit = deadline(this.#deps.clock, HANDSHAKE_MS, signal);
    const over = new AbortController();
    limit.signal.addEventListener("abort", () => over.abort(fail("did not identify itself in time")));
    const isIt = (one: string): boolean => one === peer;
    try {
      await Promise.race([
        this.#changes.next("ready", isIt, over),
        this.#changes.next("closed", isIt, over).then(() => {
          throw fail("closed the connection, or is of another network");
        }),
      ]);
    } finally {
      // Ends the wait that lost.
      over.abort();
      limit.end();
    }
  }

  /** Drops entries whose connection went without a word. */
  reconcile(): void {
    for (const peer of this.ids()) if (this.#connectionsOf(peer).length === 0) this.#gone(peer);
  }

  stop(): void {
    for (const peer of this.ids()) this.#gone(peer);
    this.#deps.node.removeEventListener("peer:identify", this.#onIdentify);
    this.#deps.node.removeEventListener("peer:disconnect", this.#onDisconnect);
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { clock, crowd, guard, log } = this.#deps;
    const peer = detail.peerId.toString();
    if (guard.isBanned(peer) || this.#connectionsOf(peer).length === 0) return;
    if (!detail.protocols.includes(this.#shibboleth)) {
      log.debug({ peer, agent: detail.agentVersion }, "a peer of another network");
      guard.foreign(peer);
      return;
    }
    crowd.ready(detail.connection);
    if (this.#connectionsOf(peer).length === 0) return;
    const known = this.#ready.get(peer);
    if (known !== undefined) {
      known.agent = detail.agentVersion ?? known.agent;
      return;
    }
    this.#ready.set(peer, { since: clock.now(), agent: detail.agentVersion });
    this.#changes.emit("ready", peer);
  };

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => this.#gone(detail.toString());

  #gone(peer: string): void {
    const was = this.#ready.delete(peer);
    this.#changes.emit("closed", peer);
    if (was) this.#changes.emit("lost", peer);
  }

  #connectionsOf(peer: string): Connection[] {
    const all = this.#deps.node.getConnections(peerIdFromString(peer));
    return all.filter((connection) => connection.status === "open");
  }

  #infoOf(peer: string, entry: Entry): PeerInfo {
    const connection = this.#connectionsOf(peer)[0];
    return {
      id: peer,
      group: this.#deps.crowd.groupOf(peer),
      address: connection?.remoteAddr.toString() ?? "",
      direction: connection?.direction ?? "inbound",
      agent: entry.agent,
      score: this.#deps.score(peer),
      connectedMs: Math.round(this.#deps.clock.now() - entry.since),
      latencyMs: connection === undefined ? undefined : roundTripMs(connection),
    };
  }
}
