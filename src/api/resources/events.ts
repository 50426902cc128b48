// What happens in the node, as server-sent events.
import { EVENT_NAMES, EVENT_SCHEMAS, statusSchema } from "../../node/index.ts";
import { streamResource } from "../resource.ts";

export const events = streamResource({
  path: "/v1/events",
  summary:
    "What happens in the node: the whole status first, then each event as it comes, with an id. Who comes back with `Last-Event-ID` gets what it missed, of the last 512 events.",
  events: { status: statusSchema, ...EVENT_SCHEMAS },
  first: (view, send) => send("status", view.getStatus()),
  open(view, send) {
    const stops = EVENT_NAMES.map((event) => view.on(event, (payload) => send(event, payload)));
    return () => {
      for (const stop of stops) stop();
    };
  },
});
