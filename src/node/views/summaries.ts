// Chain objects in the plain JSON shapes that people and programs read: hex, decimal strings, numbers.
import { toHex } from "../../base/index.ts";
import type { Block, Header, RoundRecord, Transfer } from "../../codec/index.ts";
import { blockId, contributionId, recordId, transferId } from "../../crypto/index.ts";
import type { BlockNode, Checked, Engine } from "../../engine/index.ts";
import type { BlockDetail, BlockSummary, BlockView, RecordView } from "./blocks.ts";
import type { TransferView } from "./transfers.ts";

export function blockSummary(header: Header, checked: Checked): BlockSummary {
  return {
    height: header.height,
    hash: toHex(blockId(header)),
    miner: toHex(header.miner),
    time: header.time,
    stateRoot: toHex(header.stateRoot),
    parametersDigest: toHex(header.startDigest),
    checked: checked === "invalid" ? "pending" : checked,
  };
}

/** The summary of a block of any branch. The genesis block has no bytes of its own: its summary comes from its state. */
export async function summaryOf(engine: Engine, node: BlockNode): Promise<BlockSummary> {
  const block = node.height === 0 ? undefined : await engine.blocks.block(node.id);
  if (block !== undefined) return blockSummary(block.header, node.checked);
  const { time, root } = await engine.ledger.stateOf(node.id);
  const { height, id, startDigest: start } = node;
  const hex = { hash: toHex(id), miner: "", stateRoot: toHex(root), parametersDigest: toHex(start) };
  return { height, time, ...hex, checked: "executed" };
}

export function blockView({ header, body }: Block, checked: BlockSummary["checked"]): BlockView {
  return {
    height: header.height,
    hash: toHex(blockId(header)),
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
    transfers: body.transfers.length,
    records: body.records.length,
    contributions: body.records.reduce((sum, record) => sum + record.contributions.length, 0),
    checked,
  };
}

export function blockDetail(block: Block, checked: BlockSummary["checked"]): BlockDetail {
  const hash = toHex(blockId(block.header));
  const { transfers, records, doubleBlocks, doubleRecords } = block.body;
  return {
    ...blockView(block, checked),
    transferList: transfers.map((transfer) => transferView(transfer, block.header.height, hash)),
    recordList: records.map(recordView),
    evidence: doubleBlocks.length + doubleRecords.length,
  };
}

export function transferView(transfer: Transfer, height: number | undefined, block: string | undefined): TransferView {
  return {
    id: toHex(transferId(transfer)),
    from: toHex(transfer.from),
    to: toHex(transfer.to),
    amount: `${transfer.amount}`,
    fee: `${transfer.fee}`,
    nonce: `${transfer.nonce}`,
    height,
    block,
  };
}

function recordView(record: RoundRecord): RecordView {
  return {
    id: toHex(recordId(record)),
    round: record.round,
    leader: toHex(record.leader),
    next: toHex(record.nextDigest),
    contributions: record.contributions.map((c) => ({
      id: toHex(contributionId(c)),
      author: toHex(c.author),
      digest: toHex(c.digest),
    })),
  };
}
