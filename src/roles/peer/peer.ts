// The peer: follows, relays and serves; the engine does all of that without being asked, so it has no effects of its own.
import type { RoleModule } from "../role.ts";

export const peer: RoleModule<undefined> = {
  name: "peer",
  needs: [],
  bit: 0,
  start: () => [undefined, []],
  step: (state) => [state, []],
};
