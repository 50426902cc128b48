// Topic `record`: a leader's word on a round. Two for one round are evidence, whatever their block.
import { ACCEPT, bytesEqual, ignore, reject } from "../../base/index.ts";
import { findTask } from "../../chain/index.ts";
import { RoundRecord } from "../../codec/index.ts";
import type { Ledger } from "../chain/index.ts";
import { type Handler, later } from "./handler.ts";
import { isEarly } from "./patience.ts";

export const onRecord: Handler<"record"> = async (record, origin, deps) => {
  const { ledger, evidence, events, patience, bans } = deps;
  const { value } = record;
  // Before it can be evidence: whoever passed the second on would be blamed by those that know no such task.
  if (findTask(ledger.rules, value.task) === undefined) return reject("unknown-task");
  const seen = (await isLeaders(value, ledger)) ? evidence.noteRecord(value) : "first";
  // The second record is passed on where the first was, so that whoever wins the next block can punish the offence; a third says nothing new.
  if (seen === "second") return ACCEPT;
  if (seen === "more") return ignore("second-record");
  if (bans.has(value.leader)) return ignore("banned", "it signed a forged unit");
  if (value.height < ledger.head.height) return ignore("other-block", "an older one");
  const engine = deps.task(value.task);
  if (engine === undefined) return ignore("not-followed");
  const judge = () => engine.rounds.addRecord(record, origin);
  const isSigned = () => RoundRecord.verify(value, ledger.rules.genesis);
  return later(async () => {
    const verdict = await patience.judge(origin.from, { judge, isSigned });
    // Still ahead of us: we missed its block or a record before it.
    if (isEarly(verdict)) events.emit("stranded", { peer: origin.from, ahead: true });
    return verdict;
  });
};

/** Whether the record's signer led on a recent block that is known: what anyone else signs is no evidence and is not remembered. */
async function isLeaders(record: RoundRecord, ledger: Ledger): Promise<boolean> {
  const entry = await ledger.entry(record.block);
  if (entry === undefined || entry.height !== record.height) return false;
  if (entry.height <= ledger.head.height - ledger.rules.maturity) return false;
  return entry.height > 0 && bytesEqual(entry.miner, record.leader);
}
