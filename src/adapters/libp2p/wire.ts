// The wire over libp2p: makes its parts, starts and stops them, and answers for them.
import { peerIdFromString } from "@libp2p/peer-id";
import { messageOf, PouwError, Scope } from "../../base/index.ts";
import type { Protocol, Topic } from "../../codec/index.ts";
import type { PeerInfo, Wire, WireHandlers, WireStats } from "../../ports/index.ts";
import type { Budget } from "./budget.ts";
import { Gossip } from "./gossip/index.ts";
import { loadIdentity } from "./identity.ts";
import { buildNode, parseAddress, type WireNode } from "./node.ts";
import { checkNetwork, DEFAULT_MIN_PEERS, type Libp2pWireDeps, type Libp2pWireOptions } from "./options.ts";
import { Crowd, createGuard, type Guard, PeerBook } from "./peers/index.ts";
import { type Running, startParts } from "./start.ts";
import { createTraffic, type Traffic } from "./traffic.ts";
import { createWorkBudget } from "./work.ts";

/**
 * A wire over libp2p (TCP, noise, yamux, gossipsub), not yet listening.
 * Throws BAD_CONFIG (an address or the network's name), BAD_KEY (damaged identity).
 * `start` throws PORT_IN_USE, or WIRE_FAILED when an address cannot be listened on.
 */
export async function createLibp2pWire(options: Libp2pWireOptions, deps: Libp2pWireDeps): Promise<Wire> {
  checkNetwork(options.network);
  for (const address of options.bootstrap) parseAddress(address);
  const scope = new Scope();
  try {
    const privateKey = await loadIdentity(options.dataDir, deps.log);
    const book = new PeerBook(options, deps);
    await book.load();
    scope.defer("the book of peers", () => book.save());
    const traffic = createTraffic(deps.metrics);
    const groupOf = (peer: string): string => crowd.groupOf(peer);
    const guard = createGuard({
      ...deps,
      traffic,
      groupOf,
      disconnect: (peer) => {
        for (const connection of node.getConnections(peerIdFromString(peer)))
          connection.abort(new Error("the peer is shut out"));
      },
    });
    const crowd = new Crowd(options, {
      ...deps,
      isGroupBanned: (group) => guard.isGroupBanned(group),
      // Asked late: gossip needs the node, which is built with the crowd in hand.
      usefulness: (peer) => wire.gossip.score(peer),
    });
    const work = createWorkBudget({ clock: deps.clock, groupOf });
    const node: WireNode = await buildNode(options, { privateKey, guard, crowd, traffic, log: deps.log });
    const wire = new Libp2pWire(options, {
      random: Math.random,
      ...deps,
      scope,
      node,
      book,
      guard,
      crowd,
      work,
      traffic,
    });
    return wire;
  } catch (error) {
    await scope.close();
    throw error;
  }
}

interface WireParts extends Required<Libp2pWireDeps> {
  readonly scope: Scope;
  readonly node: WireNode;
  readonly book: PeerBook;
  readonly guard: Guard;
  readonly crowd: Crowd;
  readonly work: Budget;
  readonly traffic: Traffic;
}

class Libp2pWire implements Wire {
  readonly peerId: string;
  readonly #options: Libp2pWireOptions;
  readonly #parts: WireParts;
  readonly gossip: Gossip;
  #running: Running | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: Libp2pWireOptions, parts: WireParts) {
    this.peerId = parts.node.peerId.toString();
    this.#options = options;
    this.#parts = parts;
    this.gossip = new Gossip(options, {
      ...parts,
      pubsub: parts.node.services.pubsub,
      strike: (peer, what) => parts.guard.strike(peer, what),
    });
  }

  start(handlers: WireHandlers): Promise<void> {
    if (this.#stopped !== undefined)
      return Promise.reject(new PouwError("CLOSED", "a stopped wire does not start again"));
    if (this.#started !== undefined) return Promise.reject(new PouwError("INTERNAL", "the wire was started twice"));
    this.#started = this.#run(handlers);
    return this.#started;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  addresses(): readonly string[] {
    return this.#parts.node.getMultiaddrs().map(String);
  }

  peers(): readonly PeerInfo[] {
    return this.#running?.peers.infos() ?? [];
  }

  groupOf(peer: string): string {
    return this.#parts.crowd.groupOf(peer);
  }

  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    this.#live();
    await this.gossip.publish(topic, data);
  }

  async request(
    peer: string,
    protocol: Protocol,
    data: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    return this.#live().requests.ask(peer, protocol, data, options);
  }

  async connect(address: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    const { peers } = this.#live();
    const { node, guard } = this.#parts;
    const target = parseAddress(address);
    try {
      const peer = (await node.dial(target, { signal })).remotePeer.toString();
      if (guard.isBanned(peer)) throw new PouwError("WIRE_FAILED", `${peer} is shut out`);
      await peers.whenReady(peer, { signal });
      return peer;
    } catch (error) {
      if (error instanceof PouwError && error.code === "WIRE_FAILED") throw error;
      throw new PouwError("WIRE_FAILED", `dialling ${address.slice(0, 160)} failed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  punish(peer: string, reason: string): void {
    this.#parts.guard.strike(peer, reason);
  }

  stats(): WireStats {
    return this.#parts.traffic.stats();
  }

  #live(): Running {
    if (this.#running === undefined) throw new PouwError("CLOSED", "the wire is not running");
    return this.#running;
  }

  async #run(handlers: WireHandlers): Promise<void> {
    const options = { ...this.#options, minPeers: this.#options.minPeers ?? DEFAULT_MIN_PEERS };
    this.#running = await startParts(options, { ...this.#parts, gossip: this.gossip, handlers });
  }

  async #close(): Promise<void> {
    await this.#started?.catch(() => undefined);
    this.#running = undefined;
    const { scope, log } = this.#parts;
    await scope.close().catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, "the wire did not stop cleanly");
    });
  }
}
