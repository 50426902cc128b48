// Topic `attestation`: a verifier's word on a block near our head.
import { ignore } from "../../base/index.ts";
import type { Handler } from "./handler.ts";

/** Attestations of blocks further than this from the head are of no use to anyone who follows the chain. */
const ATTESTATION_BLOCKS = 64;

export const onAttestation: Handler<"attestation"> = ({ value }, _origin, { ledger, attestations, checks }) => {
  const away = Math.abs(value.height - ledger.head.height);
  if (away > ATTESTATION_BLOCKS) return ignore("far-height", `${away} blocks`);
  const judged = attestations.add(value);
  if (judged.kind === "accept") void checks.hear(value);
  return judged;
};
