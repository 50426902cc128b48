// The table of ready peers: connected, identified, of this network. Tells its listeners of them, and when they are gone.
import type { Connection, IdentifyResult, Libp2p, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { Emitter, Lru, messageOf, PouwError } from "../../../base/index.ts";
import type { Clock, Log, PeerInfo } from "../../../ports/index.ts";
import { deadline } from "../deadline.ts";
import { ipGroup } from "../ip-group.ts";
import { protocolName } from "../options.ts";
import type { Guard } from "./guard.ts";

/** A connection must be identified within this, ms. */
export const IDENTIFY_MS = 15_000;
/** The longest a peer may take to answer the first ping, ms. */
const FIRST_PING_MS = 10_000;
/** Groups of peers that have gone are remembered for this many: what they left to be judged still counts for their group. */
const REMEMBERED = 4_096;

interface Entry {
  readonly since: number;
  agent: string | undefined;
  latencyMs: number | undefined;
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
  score(peer: string): number;
  /** Measures the way to a peer and back, ms. */
  ping(peer: PeerId, options: { readonly signal: AbortSignal }): Promise<number>;
}

export class PeerTable {
  readonly #deps: PeerTableDeps;
  readonly #exempt: boolean;
  readonly #groups = new Lru<string, string>(REMEMBERED);
  /** The protocol that every peer of this network speaks. */
  readonly #shibboleth: string;
  readonly #ready = new Map<string, Entry>();
  readonly #changes: Emitter<PeerEvents>;
  readonly #stopping = new AbortController();

  constructor(options: { readonly network: string; readonly lan: boolean }, deps: PeerTableDeps) {
    this.#deps = deps;
    this.#exempt = options.lan;
    this.#shibboleth = protocolName(options.network, "status");
    this.#changes = new Emitter((error) => {
      deps.log.error({ error: messageOf(error) }, "a handler of the wire threw");
    });
    deps.node.addEventListener("connection:open", this.#onOpen);
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

  /** The IP group of a peer that is or was connected; of others the id. */
  groupOf(peer: string): string {
    const isIt = ({ remotePeer }: Connection): boolean => remotePeer.toString() === peer;
    if (!this.#groups.has(peer)) this.#deps.node.getConnections().filter(isIt).forEach(this.#noteGroup);
    return this.#groups.get(peer) ?? peer;
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
    const limit = deadline(this.#deps.clock, IDENTIFY_MS, signal);
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
    this.#stopping.abort(new Error("the wire is stopping"));
    for (const peer of this.ids()) this.#gone(peer);
    this.#deps.node.removeEventListener("connection:open", this.#onOpen);
    this.#deps.node.removeEventListener("peer:identify", this.#onIdentify);
    this.#deps.node.removeEventListener("peer:disconnect", this.#onDisconnect);
  }

  readonly #noteGroup = ({ remotePeer, remoteAddr }: Connection): void =>
    void this.#groups.set(remotePeer.toString(), ipGroup(remoteAddr, { exempt: this.#exempt }));

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => this.#noteGroup(detail);

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { clock, guard, log } = this.#deps;
    const peer = detail.peerId.toString();
    if (guard.isBanned(peer) || this.#connectionsOf(peer).length === 0) return;
    if (!detail.protocols.includes(this.#shibboleth)) {
      log.debug({ peer, agent: detail.agentVersion }, "a peer of another network");
      guard.foreign(peer);
      return;
    }
    const known = this.#ready.get(peer);
    if (known !== undefined) {
      known.agent = detail.agentVersion ?? known.agent;
      return;
    }
    this.#ready.set(peer, { since: clock.now(), agent: detail.agentVersion, latencyMs: undefined });
    void this.#measure(detail.peerId);
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

  /** The first latency; later ones come from libp2p's own connection monitor. */
  async #measure(peer: PeerId): Promise<void> {
    const { clock, log } = this.#deps;
    const limit = deadline(clock, FIRST_PING_MS, this.#stopping.signal);
    try {
      const ms = await this.#deps.ping(peer, { signal: limit.signal });
      const entry = this.#ready.get(peer.toString());
      if (entry !== undefined) entry.latencyMs = ms;
    } catch (error) {
      log.debug({ peer: peer.toString(), error: messageOf(error) }, "a peer did not answer a ping");
    } finally {
      limit.end();
    }
  }

  #infoOf(peer: string, entry: Entry): PeerInfo {
    const connection = this.#connectionsOf(peer)[0];
    return {
      id: peer,
      group: this.groupOf(peer),
      address: connection?.remoteAddr.toString() ?? "",
      direction: connection?.direction ?? "inbound",
      agent: entry.agent,
      score: this.#deps.score(peer),
      connectedMs: Math.round(this.#deps.clock.now() - entry.since),
      latencyMs: connection?.rtt ?? entry.latencyMs,
    };
  }
}
