// Every connection from the first byte of TCP to its end: who may come in, who must be ready soon, and who goes when it gets crowded.
import type { Connection, MultiaddrConnection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { Lru } from "../../../base/index.ts";
import type { Clock, Log } from "../../../ports/index.ts";
import { Budget } from "../budget.ts";
import { ipGroup } from "../ip-group.ts";
import { type CrowdLimits, victimOf } from "./eviction.ts";

/** From TCP to a peer that is ready for requests, ms. */
export const HANDSHAKE_MS = 3_000;
/** Bytes of a handshake; an honest one has some 500. */
const HANDSHAKE_BYTES = 8_192;
/** Handshakes under way: of one IP group, and in all. A newcomer beyond that takes the place of one that has taken long. */
const PENDING = { perGroup: 16, inAll: 64 };
/** Handshakes begun; one costs some 2 ms of the main thread. */
const HANDSHAKES = {
  own: { perSecond: 5, burst: 40 },
  group: { perSecond: 5, burst: 40 },
  all: { perSecond: 30, burst: 200 },
};
/** Of all connections an IP group may have this part, but always a few. */
const GROUP_SHARE = 8;
const GROUP_LEAST = 4;
/** Groups of peers that have gone are remembered for this many: what they left to be judged still counts for their group. */
const REMEMBERED = 4_096;

/** Sockets beyond the connections that may be open for a moment. */
export const SPARE_SOCKETS = PENDING.inAll + 32;

interface Visitor {
  readonly group: string;
  readonly inbound: boolean;
  abort(error: Error): void;
  /** Ends the wait for it to be ready. */
  stopClock(): void;
  /** It has sent something. */
  begun: boolean;
  /** Known once it is encrypted. */
  peer?: string;
  ready: boolean;
}

export interface CrowdOptions {
  readonly maxConnections: number;
  /** Every loopback or private address is a group of its own. */
  readonly exemptLocal: boolean;
}

export interface CrowdDeps {
  isGroupBanned(group: string): boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** What a peer was good for lately; above 0 it is useful. */
  usefulness(peer: string): number;
}

export class Crowd {
  readonly #exempt: boolean;
  readonly #limits: CrowdLimits;
  readonly #deps: CrowdDeps;
  readonly #handshakes: Budget;
  readonly #groups = new Lru<string, string>(REMEMBERED);
  /** By address and port; in order of arrival. */
  readonly #visitors = new Map<string, Visitor>();

  constructor(options: CrowdOptions, deps: CrowdDeps) {
    const { maxConnections: all } = options;
    this.#exempt = options.exemptLocal;
    this.#limits = { all, perGroup: Math.max(GROUP_LEAST, Math.floor(all / GROUP_SHARE)) };
    this.#deps = deps;
    this.#handshakes = new Budget(HANDSHAKES, { clock: deps.clock, groupOf: (group) => group });
  }

  /** The IP group of a peer that is or was connected; of others the id. */
  groupOf(peer: string): string {
    return this.#groups.get(peer) ?? [...this.#visitors.values()].find((one) => one.peer === peer)?.group ?? peer;
  }

  /** Whether an inbound socket may begin its handshake. */
  admit(socket: MultiaddrConnection): boolean {
    const group = this.#groupAt(socket.remoteAddr);
    const ready = this.#inbound().filter((one) => one.group === group && one.ready);
    if (ready.length >= this.#limits.perGroup || this.#deps.isGroupBanned(group)) return false;
    this.#makeRoom(group);
    this.#add(socket.remoteAddr, { group, inbound: true, abort: (error) => socket.abort(error) });
    socket.addEventListener("close", () => this.#remove(socket.remoteAddr));
    return true;
  }

  /** Watches what comes over a socket until its peer is known. The first bytes begin a handshake, if its group has not begun too many. */
  watch(socket: MultiaddrConnection): (bytes: number) => void {
    const visitor = this.#visitors.get(nameOf(socket.remoteAddr));
    let left = HANDSHAKE_BYTES;
    return (bytes) => {
      if (visitor === undefined || visitor.peer !== undefined) return;
      const begins = !visitor.begun;
      visitor.begun = true;
      left -= bytes;
      if (begins && this.#handshakes.spend(visitor.group, 1) > 0)
        socket.abort(new Error("too many handshakes of this IP group"));
      if (left < 0) socket.abort(new Error("a handshake of too many bytes"));
    };
  }

  /** A connection is encrypted, so its peer is known. */
  opened(connection: Connection): void {
    const { remoteAddr, remotePeer } = connection;
    const abort = (error: Error): void => connection.abort(error);
    const group = this.#groupAt(remoteAddr);
    const visitor = this.#visitors.get(nameOf(remoteAddr)) ?? this.#add(remoteAddr, { group, inbound: false, abort });
    visitor.peer = remotePeer.toString();
    visitor.abort = abort;
    this.#groups.set(visitor.peer, group);
    connection.addEventListener("close", () => this.#remove(remoteAddr));
  }

  /** A connection's peer is ready. It stays if somebody else can go where there is no room. */
  ready({ remoteAddr }: Connection): void {
    const visitor = this.#visitors.get(nameOf(remoteAddr));
    if (visitor === undefined || visitor.ready) return;
    visitor.ready = true;
    visitor.stopClock();
    const { log, usefulness } = this.#deps;
    const members = [...this.#visitors.values()]
      .filter((one) => one.ready && one !== visitor)
      .concat(visitor)
      .map((of) => ({ of, group: of.group, inbound: of.inbound, score: usefulness(of.peer ?? "") }));
    const out = victimOf(members, this.#limits);
    if (out === undefined) return;
    log.debug({ peer: out.of.peer, group: out.group }, "a peer makes room for others");
    out.of.abort(new Error("this node is full"));
  }

  stop(): void {
    for (const visitor of this.#visitors.values()) visitor.stopClock();
  }

  #groupAt(address: Multiaddr): string {
    return ipGroup(address, { exempt: this.#exempt });
  }

  #inbound(): Visitor[] {
    return [...this.#visitors.values()].filter((one) => one.inbound);
  }

  #add(address: Multiaddr, what: Pick<Visitor, "group" | "inbound" | "abort">): Visitor {
    const stopClock = this.#deps.clock.after(HANDSHAKE_MS, () =>
      visitor.abort(new Error("the handshake took too long")),
    );
    const visitor: Visitor = { ...what, stopClock, begun: false, ready: false };
    this.#visitors.set(nameOf(address), visitor);
    return visitor;
  }

  #remove(address: Multiaddr): void {
    this.#visitors.get(nameOf(address))?.stopClock();
    this.#visitors.delete(nameOf(address));
  }

  /** Where too many handshakes are under way, the oldest goes, silent ones first: of the same group, or of the group that has most. */
  #makeRoom(group: string): void {
    const pending = this.#inbound().filter((one) => !one.ready);
    const ofGroup = (name: string): Visitor[] => pending.filter((one) => one.group === name);
    const full = ofGroup(group).length >= PENDING.perGroup ? group : undefined;
    if (full === undefined && pending.length < PENDING.inAll) return;
    const largest = pending.map((one) => one.group).reduce((a, b) => (ofGroup(b).length > ofGroup(a).length ? b : a));
    const mayGo = ofGroup(full ?? largest);
    const out = mayGo.find((one) => !one.begun) ?? mayGo[0];
    out?.abort(new Error("others wait for this handshake's place"));
  }
}

/** Address and port: what tells one TCP connection from another. */
const nameOf = (address: Multiaddr): string => address.toString().replace(/\/p2p\/.*$/, "");
