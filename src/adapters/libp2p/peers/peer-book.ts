// The peers that this node reached in earlier runs, on disk, so that it finds its network again without a bootstrap peer.
// Only addresses that answered when they were dialled are in it, few of one IP group, so strangers who call cannot fill it or push others out.
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { messageOf } from "../../../base/index.ts";
import type { Clock, Log } from "../../../ports/index.ts";
import { ipGroup } from "../ip-group.ts";

export interface KnownPeer {
  readonly peer: string;
  /** It answered here, without the peer id. */
  readonly address: string;
  /** When it did, milliseconds since 1970. */
  readonly seen: number;
}

const MAX_PEERS = 256;
const MAX_PER_GROUP = 16;
const MAX_TEXT = 256;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

export interface PeerBookDeps {
  readonly clock: Clock;
  readonly log: Log;
}

export interface PeerBookOptions {
  /** Keeps the book here; undefined: nothing on disk. */
  readonly dataDir: string | undefined;
  readonly exemptLocal: boolean;
}

export class PeerBook {
  readonly #path: string | undefined;
  readonly #exempt: boolean;
  readonly #deps: PeerBookDeps;
  /** By id, longest unseen first. */
  readonly #known = new Map<string, KnownPeer>();
  #changed = false;

  constructor(options: PeerBookOptions, deps: PeerBookDeps) {
    this.#path = options.dataDir === undefined ? undefined : join(options.dataDir, "peers.json");
    this.#exempt = options.exemptLocal;
    this.#deps = deps;
  }

  /** Reads what earlier runs wrote; an unreadable book is a loss, not a failure. */
  async load(): Promise<void> {
    if (this.#path === undefined) return;
    try {
      const text = await readFile(this.#path, "utf8");
      const oldest = this.#deps.clock.wallTime() - MAX_AGE_MS;
      for (const one of (JSON.parse(text) as unknown[]).slice(0, MAX_PEERS))
        if (isKnownPeer(one) && one.seen > oldest) this.#add(one);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      const what = { path: this.#path, error: messageOf(error) };
      this.#deps.log.warn(what, "the book of known peers is unreadable; going on without it");
    }
  }

  /** Longest unseen first. */
  known(): KnownPeer[] {
    return [...this.#known.values()];
  }

  /** A peer has answered at the address that was dialled. */
  note(peer: string, dialled: string): void {
    const address = dialled.replace(/\/p2p\/.*$/, "");
    const entry = { peer, address, seen: this.#deps.clock.wallTime() };
    if (!isKnownPeer(entry)) return;
    this.#changed = true;
    this.#add(entry);
  }

  /** Writes the book if something has changed. Never throws. */
  async save(): Promise<void> {
    if (this.#path === undefined || !this.#changed) return;
    this.#changed = false;
    try {
      // In one step, so that a crash leaves the old one.
      await writeFile(`${this.#path}.new`, JSON.stringify(this.known()), { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#changed = true;
      const what = { path: this.#path, error: messageOf(error) };
      this.#deps.log.debug(what, "the book of known peers could not be written");
    }
  }

  #add(entry: KnownPeer): void {
    this.#known.delete(entry.peer);
    this.#known.set(entry.peer, entry);
    const group = this.#groupOf(entry);
    const its = this.known().filter((one) => this.#groupOf(one) === group);
    if (its.length > MAX_PER_GROUP) this.#known.delete((its[0] as KnownPeer).peer);
    if (this.#known.size > MAX_PEERS) this.#known.delete(this.#known.keys().next().value as string);
  }

  #groupOf({ address }: KnownPeer): string {
    return ipGroup(multiaddr(address), { exempt: this.#exempt });
  }
}

function isKnownPeer(one: unknown): one is KnownPeer {
  if (typeof one !== "object" || one === null) return false;
  const { peer, address, seen } = one as Partial<Record<keyof KnownPeer, unknown>>;
  if (typeof peer !== "string" || typeof address !== "string" || typeof seen !== "number") return false;
  return Math.max(peer.length, address.length) <= MAX_TEXT && isDialable(peer, address);
}

function isDialable(peer: string, address: string): boolean {
  try {
    return peerIdFromString(peer).toString() === peer && multiaddr(address).getComponents().length > 0;
  } catch {
    return false;
  }
}
