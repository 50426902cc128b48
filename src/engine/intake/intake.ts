// Gossip in, verdict out: bytes are decoded once, then go to their topic's handler (protocol sections 5 and 10).
import { ignore, isMalformed, messageOf, reject, Shares, type Verdict } from "../../base/index.ts";
import { type Decoded, MESSAGES, type Topic } from "../../codec/index.ts";
import type { PeerOrigin } from "../origin.ts";
import { onAttestation } from "./attestation.ts";
import { onAuditCommit, onAuditReveal } from "./audit-words.ts";
import { onBlock } from "./block.ts";
import { onContribution } from "./contribution.ts";
import { onEvidence } from "./evidence.ts";
import type { Handler, IntakeDeps, Later } from "./handler.ts";
import { onRecord } from "./record.ts";
import { onTransaction } from "./transaction.ts";

/** Messages at hand, from their first byte to their verdict, in units of bytes: a peer's, an IP group's, and in all. */
const AT_HAND = { perPeer: 256, perGroup: 512, inAll: 2048 };
const UNIT_BYTES = 4096;
/** Messages judged at once. Whatever waits does so outside, or a few peers with things to wait for would hold every place. */
const JUDGING = { perPeer: 4, perGroup: 8, inAll: 16 };

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
  const atHand = new Shares(AT_HAND, deps.groupOf);
  const judging = new Shares(JUDGING, deps.groupOf);
  const judge = async (topic: Topic, data: Uint8Array, origin: PeerOrigin): Promise<Verdict> => {
    const leave = await judging.turn(origin.from, deps);
    let judged: Verdict | Later;
    try {
      const message: Decoded<unknown> = MESSAGES[topic].read(data);
      judged = await (HANDLERS[topic] as Handler<Topic>)(message as never, origin, deps);
    } finally {
      leave();
    }
    return judged.kind === "later" ? judged.verdict() : judged;
  };
  return async (topic, data, { from, author }) => {
    if (data.length > MESSAGES[topic].limit) return reject("bad-encoding", `a ${topic} of ${data.length} bytes`);
    const done = atHand.take(from, 1 + Math.floor(data.length / UNIT_BYTES));
    if (done === undefined) return ignore("full", "messages of the peer are at hand");
    try {
      return await judge(topic, data, { kind: "peer", from, author });
    } catch (error) {
      if (isMalformed(error)) return reject("bad-encoding", error.message);
      if (deps.signal.aborted) return ignore("closing");
      return ignore("failed", messageOf(error));
    } finally {
      done();
    }
  };
}
