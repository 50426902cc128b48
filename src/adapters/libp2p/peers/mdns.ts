// Finding peers on the local network by multicast. Without multicast the node goes on, and says once that it cannot.

import type { PeerDiscovery } from "@libp2p/interface";
import { type MulticastDNSComponents, mdns } from "@libp2p/mdns";
import { messageOf } from "../../../base/index.ts";
import type { Log } from "../../../ports/index.ts";

interface Startable {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A discovery module whose start and stop never throw. It only reports peers; the dialer decides about them. */
export function guardedMdns(network: string, log: Log): (components: MulticastDNSComponents) => PeerDiscovery {
  const serviceTag = `_pouw-${network.replace(/[^a-z0-9]+/gi, "-").slice(0, 48)}._udp.local`;
  return (components) => {
    const discovery = mdns({ serviceTag })(components) as PeerDiscovery & Startable;
    const { start, stop } = discovery;
    discovery.start = async () => {
      try {
        await start.call(discovery);
      } catch (error) {
        log.warn({ error: messageOf(error) }, "multicast is absent here; peers on the local network will not be found");
      }
    };
    discovery.stop = async () => {
      try {
        await stop.call(discovery);
      } catch (error) {
        log.debug({ error: messageOf(error) }, "stopping the multicast search failed");
      }
    };
    return discovery;
  };
}
