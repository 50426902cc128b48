// A block that was asked for: judged and taken in as one that came by gossip, but not passed on, and waited for where others' checks come first.
import { ignore, type Verdict } from "../../base/index.ts";
import type { Block, Decoded } from "../../codec/index.ts";
import type { PeerOrigin } from "../origin.ts";
import type { IntakeDeps } from "./handler.ts";

export type TakeSynced = (block: Decoded<Block>, origin: PeerOrigin) => Promise<Verdict>;

/** A key banned here is no obstacle: if the others' chain holds its block, its check decides. */
export function createTakeSynced(
  deps: Pick<IntakeDeps, "ledger" | "checks" | "sources" | "evidence" | "signal">,
): TakeSynced {
  const { ledger, checks, sources, evidence, signal } = deps;
  return async (block, origin) => {
    const { id, value } = block;
    const { header } = value;
    const judged = await ledger.judgeHeader(id, header);
    if (judged.kind !== "judged") return judged;
    const { miner, height, task } = header;
    if (!(await checks.reserveInTime({ id, miner, height, task, on: judged.parent }, origin)))
      return ignore("full", "checks are owed");
    sources.note(id, origin);
    try {
      const verdict = await ledger.importBlock(block, origin, { signal, judged, room: () => checks.arrived(id) });
      if (verdict.kind === "accept") evidence.noteHeader(header);
      return verdict;
    } finally {
      await checks.settle(id, origin);
    }
  };
}
