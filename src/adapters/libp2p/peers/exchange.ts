// Peers tell each other about peers: one address per line. Without it a node would only ever know its bootstrap peer.
import type { Libp2p, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { isLoopback, isPrivate } from "@libp2p/utils";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { messageOf, utf8 } from "../../../base/index.ts";
import type { Log } from "../../../ports/index.ts";
import type { RequestClient } from "../requests/index.ts";

/** Peers in one answer, and addresses believed of one answer. */
const MAX_PEERS = 16;
const ADDRESSES_PER_PEER = 2;
const MAX_TEXT = 8_192;
/** Hearsay put into the book in one run, so that it cannot fill a disk. */
const MAX_BELIEVED = 2_000;

export interface ExchangeDeps {
  readonly node: Pick<Libp2p, "peerId" | "peerStore">;
  readonly requests: Pick<RequestClient, "ask">;
  readonly log: Log;
  readonly random: () => number;
  /** Ids of ready peers. */
  ids(): readonly string[];
}

export interface Exchange {
  /** The answer to a peer that asks. */
  answer(asker: string): Promise<Uint8Array>;
  /** Asks one peer, and puts what it says into the book. Never throws. */
  askOf(peer: string, options: { readonly signal: AbortSignal }): Promise<void>;
}

export function createExchange(options: { readonly lan: boolean }, deps: ExchangeDeps): Exchange {
  const { node } = deps;
  const mayTell = (address: Multiaddr): boolean => isDialable(address) && (options.lan || isPublic(address));

  async function addressesOf(peer: string): Promise<string[]> {
    const entry = await node.peerStore.get(peerIdFromString(peer)).catch(() => undefined);
    const told = (entry?.addresses ?? []).map(({ multiaddr }) => multiaddr).filter(mayTell);
    return told.slice(0, ADDRESSES_PER_PEER).map((one) => `${one.toString().replace(/\/p2p\/[^/]+$/, "")}/p2p/${peer}`);
  }

  let believed = 0;
  async function believe(line: string): Promise<void> {
    const heard = parse(line);
    if (believed >= MAX_BELIEVED || heard === undefined || heard.peer.equals(node.peerId) || !mayTell(heard.address))
      return;
    // A false address costs one failed dial: noise checks that the peer there has that id.
    believed++;
    await node.peerStore.merge(heard.peer, { multiaddrs: [heard.address] });
  }

  return {
    answer: async (asker) => {
      const others = deps.ids().filter((peer) => peer !== asker);
      const from = Math.floor(deps.random() * others.length);
      const chosen = [...others.slice(from), ...others.slice(0, from)].slice(0, MAX_PEERS);
      return utf8((await Promise.all(chosen.map(addressesOf))).flat().join("\n"));
    },
    askOf: async (peer, options) => {
      try {
        const reply = await deps.requests.ask(peer, "peers", new Uint8Array(), options);
        const lines = new TextDecoder().decode(reply.subarray(0, MAX_TEXT)).split("\n");
        for (const line of lines.slice(0, MAX_PEERS * ADDRESSES_PER_PEER)) await believe(line);
      } catch (error) {
        deps.log.debug({ peer, error: messageOf(error) }, "a peer told of no others");
      }
    },
  };
}

function parse(line: string): { address: Multiaddr; peer: PeerId } | undefined {
  if (line.length === 0 || line.length > 256) return undefined;
  try {
    const address = multiaddr(line);
    const id = address.getComponents().findLast((part) => part.name === "p2p")?.value;
    return id === undefined ? undefined : { address, peer: peerIdFromString(id) };
  } catch {
    return undefined;
  }
}

/** A plain TCP address of an IP or a name. */
const isDialable = (address: Multiaddr): boolean =>
  /^\/(ip4|ip6|dns4|dns6|dns)\/[^/]+\/tcp\/[1-9]\d*(\/p2p\/[^/]+)?$/.test(address.toString());

const isPublic = (address: Multiaddr): boolean => !isPrivate(address) && !isLoopback(address);
