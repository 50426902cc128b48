// Topic `transaction`: into the mempool.
import { ignore } from "../../base/index.ts";
import type { Handler } from "./handler.ts";

export const onTransaction: Handler<"transaction"> = ({ value }, { from }, { mempool, uncovered }) => {
  if (!uncovered.hasRoom(from)) return ignore("full", "transactions without cover");
  const verdict = mempool.add(value);
  if (verdict.kind === "ignore" && verdict.code === "low-balance") uncovered.note(from);
  return verdict;
};
