// The air between memory wires: links, latency, loss and splits, all moved by the injected clock and chance, so a seed replays.
import { PouwError } from "../../base/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import { MemoryWire } from "./memory-wire.ts";

/** What a link does to whatever crosses it. */
export interface LinkQuality {
  /** One way, ms. */
  readonly latencyMs: number;
  /** Share of messages that never arrive, 0 to 1. */
  readonly loss: number;
}

export interface MemoryNetworkOptions extends Partial<LinkQuality> {
  readonly clock: Clock;
  /** Chance in [0, 1); asked once per message, in order. */
  readonly random: () => number;
}

export interface MemoryNetwork {
  /** A new wire, not started. Its peer id and address follow from the name (`node-1`, `node-2`, ... when none is given). */
  wire(name?: string): Wire;
  /** Sets the quality of the link between two peers, now and for later connections. */
  quality(a: string, b: string, quality: Partial<LinkQuality>): void;
  /** Cuts every link between different groups; peers in no group are alone. */
  split(groups: readonly (readonly string[])[]): void;
  /** Ends the split and restores the links it cut. */
  join(): void;
}

/** One open connection between two peers; `open` turns false for good when it breaks. */
export interface Link {
  readonly a: MemoryWire;
  readonly b: MemoryWire;
  readonly openedAt: number;
  open: boolean;
  /** Called when the link breaks: fails the requests that wait on it. */
  readonly onBreak: Set<() => void>;
}

const pair = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
const PERFECT: LinkQuality = { latencyMs: 0, loss: 0 };

/** Creates an empty network. Same seed, same clock, same calls: same run. */
export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const air = new Air(options);
  return {
    wire: (name) => air.wire(name),
    quality: (a, b, quality) => air.setQuality(a, b, quality),
    split: (groups) => air.split(groups),
    join: () => air.join(),
  };
}

/** The shared state behind a MemoryNetwork. */
export class Air {
  readonly clock: Clock;
  readonly #random: () => number;
  readonly #usual: LinkQuality;
  readonly #wires = new Map<string, MemoryWire>();
  readonly #links = new Map<string, Link>();
  readonly #qualities = new Map<string, LinkQuality>();
  #groupOf: Map<string, number> | undefined;
  #cut: Link[] = [];

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.clock;
    this.#random = options.random;
    this.#usual = { latencyMs: options.latencyMs ?? PERFECT.latencyMs, loss: options.loss ?? PERFECT.loss };
  }

  wire(name = `node-${this.#wires.size + 1}`): Wire {
    if (this.#wires.has(name)) throw new PouwError("INTERNAL", `the memory network has a wire ${name} already`);
    const wire = new MemoryWire(name, this);
    this.#wires.set(name, wire);
    return wire;
  }

  find(name: string): MemoryWire | undefined {
    return this.#wires.get(name);
  }

  link(a: string, b: string): Link | undefined {
    return this.#links.get(pair(a, b));
  }

  /** Links of one peer, in order of connection. */
  linksOf(name: string): Link[] {
    return [...this.#links.values()].filter((link) => link.a.peerId === name || link.b.peerId === name);
  }

  qualityOf(a: string, b: string): LinkQuality {
    return this.#qualities.get(pair(a, b)) ?? this.#usual;
  }

  setQuality(a: string, b: string, quality: Partial<LinkQuality>): void {
    this.#qualities.set(pair(a, b), { ...this.qualityOf(a, b), ...quality });
  }

  reachable(a: string, b: string): boolean {
    return this.#groupOf === undefined || (this.#groupOf.get(a) ?? a) === (this.#groupOf.get(b) ?? b);
  }

  /** Opens a link (or finds the open one) and tells both ends. */
  open(from: MemoryWire, to: MemoryWire): Link {
    const existing = this.link(from.peerId, to.peerId);
    if (existing !== undefined) return existing;
    const link: Link = { a: from, b: to, openedAt: this.clock.now(), open: true, onBreak: new Set() };
    this.#links.set(pair(from.peerId, to.peerId), link);
    from.linked(to.peerId);
    to.linked(from.peerId);
    return link;
  }

  /** Breaks a link, fails what waits on it, and tells both ends. */
  close(link: Link): void {
    if (!link.open) return;
    link.open = false;
    this.#links.delete(pair(link.a.peerId, link.b.peerId));
    for (const onBreak of [...link.onBreak]) onBreak();
    link.a.unlinked(link.b.peerId);
    link.b.unlinked(link.a.peerId);
  }

  /** Carries something over a link: `arrive` runs after the latency, unless it is lost or the link broke meanwhile. */
  carry(link: Link, arrive: () => void): void {
    const { latencyMs, loss } = this.qualityOf(link.a.peerId, link.b.peerId);
    if (loss > 0 && this.#random() < loss) return;
    this.clock.after(latencyMs, () => {
      if (link.open) arrive();
    });
  }

  split(groups: readonly (readonly string[])[]): void {
    this.#groupOf = new Map(groups.flatMap((names, group) => names.map((name) => [name, group] as const)));
    for (const link of [...this.#links.values()]) {
      if (this.reachable(link.a.peerId, link.b.peerId)) continue;
      this.#cut.push(link);
      this.close(link);
    }
  }

  join(): void {
    this.#groupOf = undefined;
    const cut = this.#cut;
    this.#cut = [];
    for (const { a, b } of cut) if (a.welcomes(b.peerId) && b.welcomes(a.peerId)) this.open(a, b);
  }
}
