// The verifier: every winning unit that is re-executed here gets a signed attestation (protocol section 5).
import type { EngineEvents } from "../engine/index.ts";
import { role } from "./role.ts";

/** A block's winning unit was re-executed here. */
type Executed = { readonly type: "executed" } & Pick<EngineEvents["checked"], "block" | "outcome" | "digest">;
type Attest = { readonly type: "attest" } & Pick<EngineEvents["checked"], "block" | "outcome" | "digest">;

export const verifier = role<undefined, Executed, Attest>({
  name: "verifier",
  bit: 2,
  needs: ["runtime"],
  claims: { checksBeforeRelay: true, watchesAudits: true },
  listens: {
    checked: ({ by, block, outcome, digest }) =>
      by === "executed" ? { type: "executed", block, outcome, digest } : undefined,
  },
  start: () => [undefined, []],
  step: (state, event) => (event.type === "executed" ? [state, [{ ...event, type: "attest" }]] : [state, []]),
  effects: { attest: ({ block, outcome, digest }, { engine }) => engine.attest(block, outcome, digest) },
});
