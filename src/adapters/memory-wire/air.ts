// The air between memory wires: links, latency, loss and splits, all moved by the injected clock and chance, so a seed replays.
import { PouwError } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";

/** What a link does to whatever crosses it. */
export interface LinkQuality {
  /** One way, ms. */
  readonly latencyMs: number;
  /** Share of messages that never arrive, 0 to 1. */
  readonly loss: number;
}

export interface AirOptions extends Partial<LinkQuality> {
  readonly clock: Clock;
  /** Chance in [0, 1); asked once per message, in order. */
  readonly random: () => number;
}

/** What the air knows of a wire. */
export interface End {
  readonly peerId: string;
  /** Runs, and has not banned `peer`. */
  welcomes(peer: string): boolean;
  linked(peer: string): void;
  unlinked(peer: string): void;
}

/** One open connection between two ends; `open` turns false for good when it breaks. */
export interface Link<E extends End> {
  readonly a: E;
  readonly b: E;
  readonly openedAt: number;
  open: boolean;
  /** Called when the link breaks: fails the requests that wait on it. */
  readonly onBreak: Set<() => void>;
}

const pair = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
const PERFECT: LinkQuality = { latencyMs: 0, loss: 0 };

/** Everything between the ends of one network. */
export class Air<E extends End> {
  readonly clock: Clock;
  readonly #random: () => number;
  readonly #usual: LinkQuality;
  readonly #ends = new Map<string, E>();
  readonly #links = new Map<string, Link<E>>();
  readonly #qualities = new Map<string, LinkQuality>();
  #groupOf: Map<string, number> | undefined;
  #cut: Link<E>[] = [];

  constructor(options: AirOptions) {
    this.clock = options.clock;
    this.#random = options.random;
    this.#usual = { latencyMs: options.latencyMs ?? PERFECT.latencyMs, loss: options.loss ?? PERFECT.loss };
  }

  /** A name that no end has, for the next one. */
  get nextName(): string {
    return `node-${this.#ends.size + 1}`;
  }

  /** Puts an end into the air. Throws INTERNAL when its name is taken. */
  add(end: E): void {
    if (this.#ends.has(end.peerId))
      throw new PouwError("INTERNAL", `the memory network has a wire ${end.peerId} already`);
    this.#ends.set(end.peerId, end);
  }

  find(name: string): E | undefined {
    return this.#ends.get(name);
  }

  link(a: string, b: string): Link<E> | undefined {
    return this.#links.get(pair(a, b));
  }

  /** Links of one peer, in order of connection. */
  linksOf(name: string): Link<E>[] {
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
  open(from: E, to: E): Link<E> {
    const existing = this.link(from.peerId, to.peerId);
    if (existing !== undefined) return existing;
    const link: Link<E> = { a: from, b: to, openedAt: this.clock.now(), open: true, onBreak: new Set() };
    this.#links.set(pair(from.peerId, to.peerId), link);
    from.linked(to.peerId);
    to.linked(from.peerId);
    return link;
  }

  /** Breaks a link, fails what waits on it, and tells both ends. */
  close(link: Link<E>): void {
    if (!link.open) return;
    link.open = false;
    this.#links.delete(pair(link.a.peerId, link.b.peerId));
    for (const onBreak of [...link.onBreak]) onBreak();
    link.a.unlinked(link.b.peerId);
    link.b.unlinked(link.a.peerId);
  }

  /** Carries something over a link: `arrive` runs after the latency, unless it is lost or the link broke meanwhile. */
  carry(link: Link<E>, arrive: () => void): void {
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
