// Makes libp2p wires on loopback for tests.
import { createLibp2pWire, type Libp2pWireOptions } from "../../../src/adapters/libp2p/index.ts";
import type { Wire } from "../../../src/ports/index.ts";
import { memoryLog, memoryMetrics, systemClock } from "./lab.ts";

export const NETWORK = "test/0badcafe";

/** A wire on a free port of 127.0.0.1 that dials nobody by itself. */
export function makeWire(options: Partial<Libp2pWireOptions> = {}): Promise<Wire> {
  return createLibp2pWire(
    {
      network: NETWORK,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      bootstrap: [],
      dataDir: undefined,
      mdns: false,
      maxConnections: 50,
      exemptLocal: true,
      lan: true,
      agent: "pouw-test/1",
      minPeers: 0,
      ...options,
    },
    { log: memoryLog(), clock: systemClock, metrics: memoryMetrics() },
  );
}
