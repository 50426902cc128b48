// Topics `audit-commit` and `audit-reveal`: attesters' words on their way to whoever wins the next block.
import { type Handler, later } from "./handler.ts";

/** A word is early only where its attester could give it, and did. */
const isSigned = (): boolean => true;

export const onAuditCommit: Handler<"audit-commit"> = ({ value }, { from }, { words, patience }) =>
  later(() => patience.judge(from, { judge: () => words.addCommit(value), isSigned }));
export const onAuditReveal: Handler<"audit-reveal"> = ({ value }, { from }, { words, patience }) =>
  later(() => patience.judge(from, { judge: () => words.addReveal(value), isSigned }));
