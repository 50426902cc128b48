// `false-attestation`: an attester's opened word that the unit itself contradicts, its trace or its outcome (protocol section 5).
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { reject } from "../../base/index.ts";
import { Bytes32, Contribution, codecOf, OUTCOMES, type Outcome, U32 } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { checkAge, type EvidenceKind } from "./kind.ts";

const FalseAttestationType = new ContainerType({
  /** What was audited; it is recorded, so its start is known. */
  contribution: Contribution.type,
  /** Of the block that recorded it. */
  height: U32,
  attester: Bytes32,
});
export type FalseAttestation = ValueOf<typeof FalseAttestationType>;

export const falseAttestation: EvidenceKind<FalseAttestation> = {
  name: "false-attestation",
  tag: 3,
  payload: codecOf("false attestation", FalseAttestationType),
  judge({ contribution, height: recorded, attester }, { height, state }, rules) {
    const age = checkAge(recorded, height, rules);
    if (age !== undefined) return age;
    const audit = Contribution.id(contribution);
    const seat = state.seat({ audit, height: recorded, attester });
    const outcome = OUTCOMES[seat?.outcome ?? OUTCOMES.length] as Outcome | undefined;
    if (seat === undefined || outcome === undefined) return reject("no-offence", "no such word was given");
    const id = taggedHash("false attestation", audit, attester);
    const shown = { contribution, word: { outcome, trace: seat.trace } };
    return { kind: "offence", id, offender: attester, height: recorded, shown };
  },
};
