// Topics `audit-commit` and `audit-reveal`: attesters' words on their way to whoever wins the next block.
import type { Handler } from "./handler.ts";

export const onAuditCommit: Handler<"audit-commit"> = ({ value }, _origin, { words }) => words.addCommit(value);
export const onAuditReveal: Handler<"audit-reveal"> = ({ value }, _origin, { words }) => words.addReveal(value);
