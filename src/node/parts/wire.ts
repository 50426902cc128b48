// The node's wire: libp2p with the settings' addresses, or a free port where the usual one is taken.
import { createServer } from "node:net";
import type { MetricsRegistry } from "../../adapters/telemetry/index.ts";
import type { Clock, Log, Wire } from "../../ports/index.ts";
import { DEFAULT_LISTEN, type NodeOptions } from "../config/index.ts";
import { VERSION } from "../paths.ts";
import type { Network } from "./network.ts";

export interface WireDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
}

/** Opens the wire, not yet listening. Throws BAD_KEY, BAD_CONFIG. */
export async function openWire(options: NodeOptions, { genesis, rules }: Network, deps: WireDeps): Promise<Wire> {
  // Loaded when a node starts: it is half the start-up time of the short commands.
  const { createLibp2pWire, networkPrefix } = await import("../../adapters/libp2p/index.ts");
  return createLibp2pWire(
    {
      network: networkPrefix(genesis.network, rules.genesis),
      listen: options.listen.length > 0 ? options.listen : [await usualListen()],
      announce: options.announce,
      bootstrap: options.bootstrap,
      dataDir: options.ephemeral ? undefined : options.dataDir,
      mdns: options.mdns,
      maxConnections: options.maxPeers,
      exemptLocal: options.exemptLocal,
      // Everything but the public test network is somebody's own machines.
      lan: genesis.network !== "testnet",
      agent: `pouw-node/${VERSION}`,
    },
    { ...deps, log: deps.log.child("network") },
  );
}

/** The usual address, or a free port when it is taken: nobody asked for that port. */
function usualListen(): Promise<string> {
  const port = Number(DEFAULT_LISTEN.split("/").at(-1));
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve("/ip4/0.0.0.0/tcp/0"));
    probe.listen(port, "0.0.0.0", () => probe.close(() => resolve(DEFAULT_LISTEN)));
  });
}
