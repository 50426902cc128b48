// One peer of a memory network: flood-fill gossip with a seen set, requests, strikes and bans like the real wire's.
import { createHash } from "node:crypto";
import { Lru, messageOf, PouwError, Strikes } from "../../base/index.ts";
import { MAX_GOSSIP_BYTES, MAX_REPLY_BYTES, type Protocol, type Topic } from "../../codec/index.ts";
import { MAX_REQUEST_BYTES, type PeerInfo, type Wire, type WireHandlers, type WireStats } from "../../ports/index.ts";
import type { Air, End } from "./air.ts";

/** Longest a request waits, ms; the same as the real wire's. */
const REQUEST_MS = 30_000;
const SEEN = 65_536;

const timeout = (peer: string, protocol: string): PouwError =>
  new PouwError("WIRE_TIMEOUT", `${peer} did not answer ${protocol} in time`);
const failed = (sentence: string): PouwError => new PouwError("WIRE_FAILED", sentence);

export class MemoryWire implements Wire, End {
  readonly peerId: string;
  readonly group: string;
  readonly #air: Air<MemoryWire>;
  readonly #seen = new Lru<string, true>(SEEN);
  readonly #strikes = new Strikes();
  readonly #stats = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, rejected: 0, banned: 0 };
  #handlers: WireHandlers | undefined;
  #stopped = false;

  constructor(options: { readonly peerId: string; readonly group: string }, air: Air<MemoryWire>) {
    this.peerId = options.peerId;
    this.group = options.group;
    this.#air = air;
  }

  start(handlers: WireHandlers): Promise<void> {
    if (this.#stopped) return Promise.reject(new PouwError("CLOSED", "a stopped wire does not start again"));
    this.#handlers = handlers;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    for (const link of this.#air.linksOf(this.peerId)) this.#air.close(link);
    this.#handlers = undefined;
    return Promise.resolve();
  }

  addresses(): readonly string[] {
    return this.#handlers === undefined ? [] : [`/memory/${this.peerId}/p2p/${this.peerId}`];
  }

  peers(): readonly PeerInfo[] {
    return this.#air.linksOf(this.peerId).map((link) => {
      const outbound = link.a === this;
      const { peerId: peer, group } = outbound ? link.b : link.a;
      return {
        id: peer,
        group,
        address: `/memory/${peer}/p2p/${peer}`,
        direction: outbound ? ("outbound" as const) : ("inbound" as const),
        agent: "memory-wire",
        score: 0,
        connectedMs: Math.round(this.#air.clock.now() - link.openedAt),
        latencyMs: 2 * this.#air.qualityOf(this.peerId, peer).latencyMs,
      };
    });
  }

  groupOf(peer: string): string {
    return this.#air.find(peer)?.group ?? peer;
  }

  stats(): WireStats {
    return { ...this.#stats };
  }

  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    this.#running();
    if (data.length > MAX_GOSSIP_BYTES)
      throw failed(`a ${topic} message of ${data.length} bytes is over the gossip limit`);
    const copy = data.slice();
    this.#seen.set(gossipId(topic, copy), true);
    this.#spread(topic, copy, this.peerId, undefined);
  }

  async connect(address: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    this.#running();
    const name = /^\/memory\/([^/]+)(?:\/p2p\/\1)?$/.exec(address)?.[1];
    if (name === undefined) throw new PouwError("BAD_CONFIG", `${address} is no address of a memory network`);
    const peer = this.#air.find(name);
    if (peer === undefined || peer === this) throw failed(`${address} leads nowhere`);
    if (signal.aborted) throw failed(`dialling ${address} was given up`);
    await new Promise<void>((done) => {
      this.#air.clock.after(2 * this.#air.qualityOf(this.peerId, peer.peerId).latencyMs, done);
    });
    if (!this.#air.reachable(this.peerId, peer.peerId)) throw failed(`${address} cannot be reached`);
    if (!this.welcomes(peer.peerId) || !peer.welcomes(this.peerId)) throw failed(`${address} refused the connection`);
    this.#air.open(this, peer);
    return peer.peerId;
  }

  request(
    peer: string,
    protocol: Protocol,
    data: Uint8Array,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const link = this.#handlers === undefined ? undefined : this.#air.link(this.peerId, peer);
      if (link === undefined) return reject(failed(`there is no connection to ${peer}`));
      if (data.length > MAX_REQUEST_BYTES) return reject(failed(`a ${protocol} request is over the limit`));
      if (signal.aborted) return reject(timeout(peer, protocol));
      const settle = (act: () => void): void => {
        stopClock();
        signal.removeEventListener("abort", onAbort);
        link.onBreak.delete(onBreak);
        act();
      };
      const onAbort = (): void => settle(() => reject(timeout(peer, protocol)));
      const onBreak = (): void => settle(() => reject(failed(`${peer} broke off during ${protocol}`)));
      const stopClock = this.#air.clock.after(REQUEST_MS, onAbort);
      signal.addEventListener("abort", onAbort, { once: true });
      link.onBreak.add(onBreak);
      this.#count("Out", data.length);
      const copy = data.slice();
      const other = link.a === this ? link.b : link.a;
      this.#air.carry(link, () => {
        void other.#answer(protocol, copy, this.peerId).then(
          (reply) =>
            this.#air.carry(link, () => {
              this.#count("In", reply.length);
              settle(() => resolve(reply));
            }),
          (error: unknown) =>
            this.#air.carry(link, () =>
              settle(() => reject(failed(`${peer} refused ${protocol}: ${messageOf(error)}`))),
            ),
        );
      });
    });
  }

  punish(peer: string, _reason: string): void {
    this.#stats.rejected++;
    if (!this.#strikes.add(peer, this.#air.clock.now())) return;
    this.#stats.banned++;
    const link = this.#air.link(this.peerId, peer);
    if (link !== undefined) this.#air.close(link);
  }

  /** Runs, and has not banned `peer`. */
  welcomes(peer: string): boolean {
    return this.#handlers !== undefined && !this.#strikes.isBanned(peer, this.#air.clock.now());
  }

  linked(peer: string): void {
    this.#handlers?.connected(peer);
  }

  unlinked(peer: string): void {
    this.#handlers?.disconnected(peer);
  }

  #running(): void {
    if (this.#handlers === undefined) throw new PouwError("CLOSED", "the wire is not running");
  }

  #count(way: "In" | "Out", bytes: number): void {
    this.#stats[`messages${way}`]++;
    this.#stats[`bytes${way}`] += bytes;
  }

  #spread(topic: Topic, data: Uint8Array, author: string, except: string | undefined): void {
    for (const link of this.#air.linksOf(this.peerId)) {
      const next = link.a === this ? link.b : link.a;
      if (next.peerId === except || next.peerId === author) continue;
      this.#count("Out", data.length);
      this.#air.carry(link, () => void next.#hear(topic, data, this.peerId, author));
    }
  }

  async #hear(topic: Topic, data: Uint8Array, from: string, author: string): Promise<void> {
    const id = gossipId(topic, data);
    if (this.#handlers === undefined || this.#seen.has(id)) return;
    this.#seen.set(id, true);
    this.#count("In", data.length);
    // A validator that throws counts as ignore, as it does in gossipsub.
    const verdict = await this.#handlers.gossip(topic, data.slice(), { from, author }).catch(() => undefined);
    if (verdict?.kind === "reject") this.punish(from, verdict.code);
    if (verdict?.kind === "accept") this.#spread(topic, data, author, from);
  }

  async #answer(protocol: Protocol, data: Uint8Array, from: string): Promise<Uint8Array> {
    if (this.#handlers === undefined) throw failed("the wire is not running");
    this.#count("In", data.length);
    const reply = await this.#handlers.request(protocol, data, from);
    if (reply.length > MAX_REPLY_BYTES) throw failed("the reply is over the limit");
    this.#count("Out", reply.length);
    return reply.slice();
  }
}

function gossipId(topic: Topic, data: Uint8Array): string {
  return createHash("sha256").update(topic).update("\0").update(data).digest("hex");
}
