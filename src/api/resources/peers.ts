// The peers that are connected now.
import { z } from "zod";
import { peerSchema } from "../../node/index.ts";
import { resource } from "../resource.ts";

export const peers = resource({
  method: "GET",
  path: "/v1/peers",
  summary: "Connected peers with score and latency.",
  reply: z.array(peerSchema).readonly(),
  handle: (view) => view.peers(),
});
