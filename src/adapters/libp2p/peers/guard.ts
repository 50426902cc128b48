// Who may stay: strikes for provable wrongs, bans of peers and of addresses that breed them, and peers of other networks.
import type { MultiaddrConnection, PeerId } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { Strikes } from "../../../base/index.ts";
import type { Clock, Log } from "../../../ports/index.ts";
import type { Traffic } from "../traffic.ts";

/** A peer of another network is not dialled or let in again for this long, ms. */
const FOREIGN = { limit: 1, windowMs: 600_000, banMs: 600_000 };

export interface Guard {
  /** Counts a wrong of a peer; at the third within the window it is disconnected and shut out. */
  strike(peer: string, reason: string): void;
  /** Marks a peer of another network. */
  foreign(peer: string): void;
  isBanned(peer: string): boolean;
  /** The hooks of libp2p's connection gater. */
  readonly gater: {
    denyDialPeer(peer: PeerId): boolean;
    denyInboundConnection(connection: MultiaddrConnection): boolean;
    denyInboundEncryptedConnection(peer: PeerId): boolean;
    denyOutboundEncryptedConnection(peer: PeerId): boolean;
  };
}

export interface GuardDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly traffic: Pick<Traffic, "ban" | "reject">;
  /** Remote addresses of a peer's open connections. */
  addressesOf(peer: string): readonly Multiaddr[];
  /** Breaks all connections of a peer at once. */
  disconnect(peer: string): void;
}

/** `perAddress`: three banned peers of one IP address ban the address too. Off on local networks, where many share one. */
export function createGuard(options: { readonly perAddress: boolean }, deps: GuardDeps): Guard {
  const { log, clock, traffic } = deps;
  const peers = new Strikes();
  const addresses = new Strikes();
  const strangers = new Strikes(FOREIGN);
  const shut = (peer: string): boolean => peers.isBanned(peer, clock.now()) || strangers.isBanned(peer, clock.now());

  function ban(peer: string, reason: string): void {
    traffic.ban();
    log.warn({ peer, reason }, "a peer sent too many provable wrongs and is shut out for a while");
    if (options.perAddress)
      for (const ip of new Set(deps.addressesOf(peer).map(ipOf)))
        if (ip !== undefined && addresses.add(ip, clock.now()))
          log.warn({ ip }, "an address bred several banned peers and is shut out for a while");
    deps.disconnect(peer);
  }

  return {
    strike: (peer, reason) => {
      traffic.reject(reason);
      log.debug({ peer, reason }, "a strike against a peer");
      if (peers.add(peer, clock.now())) ban(peer, reason);
    },
    foreign: (peer) => {
      strangers.ban(peer, clock.now());
      deps.disconnect(peer);
    },
    isBanned: shut,
    gater: {
      denyDialPeer: (peer) => shut(peer.toString()),
      denyInboundConnection: (connection) => {
        const ip = options.perAddress ? ipOf(connection.remoteAddr) : undefined;
        return ip !== undefined && addresses.isBanned(ip, clock.now());
      },
      denyInboundEncryptedConnection: (peer) => shut(peer.toString()),
      denyOutboundEncryptedConnection: (peer) => shut(peer.toString()),
    },
  };
}

/** The IP address of a multiaddr, if it has one. */
function ipOf(address: Multiaddr): string | undefined {
  return address.getComponents().find((part) => part.name === "ip4" || part.name === "ip6")?.value;
}
