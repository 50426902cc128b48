// Who may stay: strikes for provable wrongs, bans of peers and of IP groups that breed them, and peers of other networks.
import type { PeerId } from "@libp2p/interface";
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
  isGroupBanned(group: string): boolean;
  /** The hooks of libp2p's connection gater. */
  readonly gater: {
    denyDialPeer(peer: PeerId): boolean;
    denyInboundEncryptedConnection(peer: PeerId): boolean;
    denyOutboundEncryptedConnection(peer: PeerId): boolean;
  };
}

export interface GuardDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly traffic: Pick<Traffic, "ban" | "reject">;
  groupOf(peer: string): string;
  /** Breaks all connections of a peer at once. */
  disconnect(peer: string): void;
}

/** Three banned peers of one IP group ban the group too. */
export function createGuard(deps: GuardDeps): Guard {
  const { log, clock, traffic } = deps;
  const peers = new Strikes();
  const groups = new Strikes();
  const strangers = new Strikes(FOREIGN);
  const shut = (peer: string): boolean => peers.isBanned(peer, clock.now()) || strangers.isBanned(peer, clock.now());

  function ban(peer: string, reason: string): void {
    traffic.ban();
    log.warn({ peer, reason }, "a peer sent too many provable wrongs and is shut out for a while");
    const group = deps.groupOf(peer);
    if (groups.add(group, clock.now()))
      log.warn({ group }, "an IP group bred several banned peers and is shut out for a while");
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
    isGroupBanned: (group) => groups.isBanned(group, clock.now()),
    gater: {
      denyDialPeer: (peer) => shut(peer.toString()),
      denyInboundEncryptedConnection: (peer) => shut(peer.toString()),
      denyOutboundEncryptedConnection: (peer) => shut(peer.toString()),
    },
  };
}
