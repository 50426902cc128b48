// Gossip in, verdict out: bytes are decoded once, then go to their topic's handler (protocol sections 5 and 10).
import { ignore, isMalformed, messageOf, reject, type Verdict } from "../../base/index.ts";
import { type Decoded, MESSAGES, type Topic } from "../../codec/index.ts";
import type { PeerOrigin } from "../origin.ts";
import { onAttestation } from "./attestation.ts";
import { onAuditCommit, onAuditReveal } from "./audit-words.ts";
import { onBlock } from "./block.ts";
import { onContribution } from "./contribution.ts";
import { onEvidence } from "./evidence.ts";
import type { Handler, IntakeDeps } from "./handler.ts";
import { onRecord } from "./record.ts";
import { onTransaction } from "./transaction.ts";

/** topic -> handler. A new message is a row in the codec, a file here and a line here. */
const HANDLERS: { readonly [T in Topic]: Handler<T> } = {
  block: onBlock,
  transaction: onTransaction,
  contribution: onContribution,
  record: onRecord,
  attestation: onAttestation,
  "audit-commit": onAuditCommit,
  "audit-reveal": onAuditReveal,
  evidence: onEvidence,
};

export type Intake = (
  topic: Topic,
  data: Uint8Array,
  source: { readonly from: string; readonly author: string },
) => Promise<Verdict>;

export function createIntake(deps: IntakeDeps): Intake {
  return async (topic, data, { from, author }) => {
    const origin: PeerOrigin = { kind: "peer", from, author };
    try {
      const message: Decoded<unknown> = MESSAGES[topic].read(data);
      return await (HANDLERS[topic] as Handler<Topic>)(message as never, origin, deps);
    } catch (error) {
      if (isMalformed(error)) return reject("bad-encoding", error.message);
      if (deps.signal.aborted) return ignore("closing");
      return ignore("failed", messageOf(error));
    }
  };
}
