// Chain objects in the plain JSON shapes that people and programs read: hex, decimal strings, numbers.
import { toHex } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { type Block, Contribution, Header, RoundRecord } from "../../codec/index.ts";
import type { BlockEntry, Checked } from "../../engine/index.ts";
import type { BlockDetail, BlockSummary, BlockView, RecordView } from "./blocks.ts";
import { transactionView } from "./transactions.ts";

/** What people are told of a check; a block found forged is on no chain that they see. */
export const checkedView = (checked: Checked | undefined): BlockSummary["checked"] =>
  checked === undefined || checked === "invalid" ? "pending" : checked;

/** The summary of a block with the state after it. The genesis block has no bytes of its own: all but its miner comes from there. */
export function blockSummary(entry: BlockEntry, state: State): BlockSummary {
  const { height, id, startDigest, checked } = entry;
  return {
    height,
    hash: toHex(id),
    miner: height === 0 ? "" : toHex(state.tip.miner),
    time: state.time,
    stateRoot: toHex(state.root),
    parametersDigest: toHex(startDigest),
    tasks: state.tasks.map((task) => ({
      task: toHex(task.id),
      round: task.round,
      parametersDigest: toHex(task.parametersDigest),
    })),
    checked: checkedView(checked),
  };
}

export function blockView({ header, body }: Block, checked: BlockSummary["checked"]): BlockView {
  return {
    height: header.height,
    hash: toHex(Header.id(header)),
    parent: toHex(header.parent),
    time: header.time,
    miner: toHex(header.miner),
    task: toHex(header.task),
    round: header.round,
    mlNode: header.mlNode,
    index: header.index,
    start: toHex(header.startDigest),
    digest: toHex(header.digest),
    nonce: `${header.nonce}`,
    target: toHex(header.target),
    stateRoot: toHex(header.stateRoot),
    transactions: body.transactions.length,
    records: body.records.length,
    contributions: body.records.reduce((sum, record) => sum + record.contributions.length, 0),
    checked,
  };
}

export function blockDetail(block: Block, checked: BlockSummary["checked"]): BlockDetail {
  const place = { height: block.header.height, block: toHex(Header.id(block.header)) };
  const { transactions, records, evidence } = block.body;
  return {
    ...blockView(block, checked),
    transactionList: transactions.map((transaction) => transactionView(transaction, place)),
    recordList: records.map(recordView),
    evidence: evidence.length,
  };
}

function recordView(record: RoundRecord): RecordView {
  return {
    id: toHex(RoundRecord.id(record)),
    round: record.round,
    leader: toHex(record.leader),
    next: toHex(record.nextDigest),
    contributions: record.contributions.map((c) => ({
      id: toHex(Contribution.id(c)),
      author: toHex(c.author),
      digest: toHex(c.digest),
    })),
  };
}
