// The peer: follows, relays and serves; the engine does all of that without being asked, so it has no effects of its own.
import { role } from "./role.ts";

export const peer = role<undefined, never, never>({
  name: "peer",
  bit: 0,
  needs: [],
  claims: {},
  listens: {},
  start: () => [undefined, []],
  step: (state) => [state, []],
  effects: {},
});
