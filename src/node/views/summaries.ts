// Chain objects in the plain JSON shapes that people and programs read: hex, decimal strings, numbers.
import { formatAddress, type Steps, toHex } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { type Block, Contribution, Header, RoundRecord } from "../../codec/index.ts";
import type { BlockEntry, Checked } from "../../engine/index.ts";
import { contributionsOf, type Move, movesOf } from "../../work/index.ts";
import type { BlockDetail, BlockSummary, BlockView, RecordView } from "./blocks.ts";
import { type TransactionView, transactionView } from "./transactions.ts";

/** What people are told of a check; a block found forged is on no chain that they see. */
export const checkedView = (checked: Checked | undefined): BlockSummary["checked"] =>
  checked === undefined || checked === "invalid" ? "pending" : checked;

/** The summary of a block with the state after it. The genesis block has no bytes of its own: all but its miner comes from there. */
export function blockSummary(entry: BlockEntry, state: State, network: string): BlockSummary {
  const { height, id, startDigest, checked } = entry;
  return {
    height,
    hash: toHex(id),
    miner: height === 0 ? "" : formatAddress(state.tip.miner, network),
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

export function blockView(block: Block, checked: BlockSummary["checked"], network: string): BlockView {
  const { header, body } = block;
  return {
    height: header.height,
    hash: toHex(Header.id(header)),
    parent: toHex(header.parent),
    time: header.time,
    miner: formatAddress(header.miner, network),
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
    records: body.records.length + 1,
    contributions: contributionsOf(block).length,
    checked,
  };
}

/** In pieces: a full block names some three thousand addresses and ids. */
export function* blockDetailSteps(block: Block, checked: BlockSummary["checked"], network: string): Steps<BlockDetail> {
  const { header, body } = block;
  const place = { height: header.height, block: toHex(Header.id(header)) };
  const { transactions, records, evidence, commits, reveals } = body;
  const transactionList: TransactionView[] = [];
  for (const transaction of transactions) {
    transactionList.push(transactionView(transaction, network, { place }));
    yield 0.5;
  }
  const recordList: RecordView[] = [];
  for (const record of records) {
    recordList.push(recordView({ ...record, id: RoundRecord.id(record), closing: false }, network));
    yield record.contributions.length / 2;
  }
  const closing = movesOf(block, header.task).at(-1) as Move;
  recordList.push(recordView({ ...closing, leader: header.miner, closing: true }, network));
  yield closing.contributions.length / 2;
  return {
    ...blockView(block, checked, network),
    transactionList,
    recordList,
    commits: commits.length,
    attestations: reveals.length,
    evidence: evidence.length,
  };
}

type Shown = Omit<Move, "leads" | "winning"> & { readonly leader: Uint8Array; readonly closing: boolean };

function recordView(record: Shown, network: string): RecordView {
  return {
    id: toHex(record.id),
    task: toHex(record.task),
    round: record.round,
    leader: formatAddress(record.leader, network),
    closing: record.closing,
    next: toHex(record.nextDigest),
    contributions: record.contributions.map((c) => ({
      id: toHex(Contribution.id(c)),
      author: formatAddress(c.author, network),
      digest: toHex(c.digest),
    })),
  };
}
