// Topic `attestation`: somebody's word on a block near our head.
import { ignore } from "../../base/index.ts";
import type { Handler } from "./handler.ts";

/** Attestations of blocks further than this from the chain that is here are of no use to anyone who follows it. */
const ATTESTATION_BLOCKS = 64;

export const onAttestation: Handler<"attestation"> = ({ value }, _origin, { ledger, attestations, checks }) => {
  const below = ledger.head.height - value.height;
  const above = value.height - ledger.heaviest.height;
  // Whoever joins late hears trusted verifiers speak of blocks far ahead, and comes to them.
  const far = below > ATTESTATION_BLOCKS || (above > ATTESTATION_BLOCKS && !attestations.isTrusted(value.verifier));
  if (far) return ignore("far-height", `${Math.max(below, above)} blocks`);
  const judged = attestations.add(value);
  if (judged.kind === "accept") void checks.hear(value);
  return judged;
};
