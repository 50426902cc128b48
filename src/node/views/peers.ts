// A connected peer as people and programs read it: what the wire tells of it.
import { z } from "zod";
import { count } from "./forms.ts";

export const peerSchema = z
  .object({
    id: z.string().describe("libp2p peer id."),
    group: z.string().describe("IP group, a /24 of IPv4 or a /48 of IPv6: the peers whose limits it shares."),
    address: z.string().describe("Remote multiaddr."),
    direction: z.enum(["inbound", "outbound"]).describe("Who dialled: they or this node."),
    agent: z.string().optional().describe("Program and version that the peer says it runs; absent until it says so."),
    score: z.number().describe("Gossip score; below the graylist threshold its messages are not looked at."),
    connectedMs: count("How long it has been connected, milliseconds."),
    latencyMs: z.number().optional().describe("Last round trip in milliseconds; absent before the first."),
  })
  .readonly()
  .meta({ id: "Peer", description: "A peer that is connected now." });
export type PeerView = z.infer<typeof peerSchema>;
