// libp2p notes everybody who ever spoke to it. Whoever is neither connected nor worth dialling is forgotten here, time and again.
import type { Libp2p } from "@libp2p/interface";
import { messageOf } from "../../../base/index.ts";
import type { Log } from "../../../ports/index.ts";

export interface TidyDeps {
  readonly node: Pick<Libp2p, "getPeers" | "peerStore">;
  readonly log: Log;
  /** The dialer may want it. */
  isWanted(peer: string): boolean;
}

/** Forgets the rest. Never throws. */
export async function tidy({ node, log, isWanted }: TidyDeps): Promise<void> {
  try {
    const connected = new Set(node.getPeers().map(String));
    for (const { id } of await node.peerStore.all()) {
      const peer = id.toString();
      if (!connected.has(peer) && !isWanted(peer)) await node.peerStore.delete(id);
    }
  } catch (error) {
    log.debug({ error: messageOf(error) }, "the table of known peers could not be tidied");
  }
}
