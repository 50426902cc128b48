// How many records one head may carry of a task: the network's tasks share a block's room, and nobody trains from a state that no block could hold (protocol section 3).
import type { Rules } from "../chain/index.ts";
import { ClosingType, RoundRecord } from "../codec/index.ts";

/** Records of all tasks on one head, their closing ones included. */
const RECORDS = 128;
/** Bytes of all tasks' records on one head. */
const RECORD_BYTES = 512 * 1024;
/** The winning task's closing record comes on top of what the leader signed. */
const CLOSING_BYTES = ClosingType.maxSize;

/** Whether the leader's records of one task on one head are within its share of the room. */
export function fitsRecord(records: readonly RoundRecord[], { tasks }: Pick<Rules, "tasks">): boolean {
  if (records.length > Math.floor(RECORDS / tasks.length) - 1) return false;
  const bytes = records.reduce((sum, record) => sum + RoundRecord.type.value_serializedSize(record), 0);
  return bytes <= Math.floor(RECORD_BYTES / tasks.length) - CLOSING_BYTES;
}
