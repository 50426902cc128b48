// What a peer could not have known: a record's parameters are computed by those who follow its task, a forged unit is found by those who run it.
import type { RefusalCode, Verdict } from "../base/index.ts";
import type { Rules } from "../chain/index.ts";

/** Refusals that take a task's parameters. */
const FOLLOWERS_KNOW: ReadonlySet<RefusalCode> = new Set(["wrong-next", "wrong-delta", "bad-delta"] as const);
/** What only a check here could tell: nobody is blamed for it, and it stays so. */
const CHECKERS_KNOW: ReadonlySet<RefusalCode> = new Set(["forged-before", "forged-parent"] as const);

/** Whether an honest peer may have passed on or built upon a block that is refused like this: where there is one task, everybody follows it. */
export const isExcusable = (verdict: Verdict, { tasks }: Pick<Rules, "tasks">): boolean =>
  verdict.kind !== "accept" &&
  (CHECKERS_KNOW.has(verdict.code as RefusalCode) ||
    (verdict.kind === "reject" && tasks.length > 1 && FOLLOWERS_KNOW.has(verdict.code as RefusalCode)));
