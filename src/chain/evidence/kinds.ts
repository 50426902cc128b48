// Every kind of evidence, and how a piece of it is made and judged.
import { isMalformed, memoised, type Refusal, reject } from "../../base/index.ts";
import type { Evidence } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import { doubleBlock } from "./double-block.ts";
import { doubleRecord } from "./double-record.ts";
import { falseAttestation } from "./false-attestation.ts";
import { forgedUnit } from "./forged-unit.ts";
import type { EvidenceKind, EvidencePlace, Offence } from "./kind.ts";

/** A new kind is a file and a line here. */
export const EVIDENCE_KINDS = { doubleBlock, doubleRecord, forgedUnit, falseAttestation } as const satisfies {
  readonly [name: string]: EvidenceKind<unknown>;
};

const byTag = new Map<number, EvidenceKind<unknown>>(Object.values(EVIDENCE_KINDS).map((kind) => [kind.tag, kind]));

/** A piece of evidence of a kind. */
export const evidenceOf = <P>({ tag, payload }: EvidenceKind<P>, value: P): Evidence => ({
  kind: tag,
  payload: payload.encode(value),
});

/** What a piece says, decoded once: a node that holds it judges it with every head, and two full records take milliseconds to hash. */
const payloadOf = memoised(({ kind, payload }: Evidence) => byTag.get(kind)?.payload.decode(payload));

/** The offence that a piece of evidence shows, or why it shows none. */
export function judge(piece: Evidence, place: EvidencePlace, rules: Rules): Offence | Refusal {
  const of = byTag.get(piece.kind);
  if (of === undefined) return reject("unknown-kind", `evidence ${piece.kind}`);
  try {
    return of.judge(payloadOf(piece), place, rules);
  } catch (error) {
    if (isMalformed(error)) return reject("bad-encoding", error.message);
    throw error;
  }
}
