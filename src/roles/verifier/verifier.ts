// The verifier: every winning unit that is re-executed here gets a signed verdict (protocol section 5).
import type { RoleModule } from "../role.ts";

export const verifier: RoleModule<undefined> = {
  name: "verifier",
  needs: ["runtime"],
  bit: 2,
  start: () => [undefined, []],
  step: (state, event) =>
    event.type === "executed" ? [state, [{ type: "attest", block: event.block, outcome: event.outcome }]] : [state, []],
};
