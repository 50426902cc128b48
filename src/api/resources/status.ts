// The node as it is now.
import { statusSchema } from "../../node/index.ts";
import { resource } from "../resource.ts";

export const status = resource({
  method: "GET",
  path: "/v1/status",
  summary: "The node's status, the same shape as `pouw-node status --json` and `node.getStatus()`.",
  reply: statusSchema,
  handle: (view) => view.getStatus(),
});
