// Topics `audit-commit` and `audit-reveal`: attesters' words on their way to whoever wins the next block.
import type { Handler } from "./handler.ts";

export const onAuditCommit: Handler<"audit-commit"> = ({ value }, { from }, { words, patience }) =>
  patience.judge(from, async () => words.addCommit(value));
export const onAuditReveal: Handler<"audit-reveal"> = ({ value }, { from }, { words, patience }) =>
  patience.judge(from, async () => words.addReveal(value));
