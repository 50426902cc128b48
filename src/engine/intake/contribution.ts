// Topic `contribution`: into the pool of its task's round.
import { ignore, reject } from "../../base/index.ts";
import { findTask } from "../../chain/index.ts";
import { Contribution } from "../../codec/index.ts";
import { type Handler, later } from "./handler.ts";

export const onContribution: Handler<"contribution"> = ({ value }, origin, { ledger, bans, task, patience }) => {
  if (bans.has(value.author)) return ignore("banned", "it signed a forged unit");
  const engine = task(value.task);
  if (engine === undefined)
    return findTask(ledger.rules, value.task) === undefined ? reject("unknown-task") : ignore("not-followed");
  const judge = () => engine.rounds.addContribution(value, origin);
  const isSigned = () => Contribution.verify(value, ledger.rules.genesis);
  return later(() => patience.judge(origin.from, { judge, isSigned }));
};
