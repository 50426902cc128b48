// Chain objects in the plain JSON shapes that people and programs read: hex, decimal strings, numbers.
import { toHex } from "../base/index.ts";
import type { Block, Record, Transfer } from "../codec/index.ts";
import { blockId, contributionId, recordId, transferId } from "../crypto/index.ts";
import type { BlockNode, Engine } from "../engine/index.ts";
import type { BlockSummary } from "./status.ts";
import type { BlockDetail, BlockView, RecordView, TransferView } from "./view.ts";

/** The genesis block has no bytes of its own: its summary comes from the rules. */
export async function summaryOf(engine: Engine, node: BlockNode): Promise<BlockSummary> {
  const block = node.height === 0 ? undefined : await engine.blocks.block(node.id);
  const state = node.height === 0 ? await engine.ledger.stateOf(node.id) : undefined;
  return {
    height: node.height,
    hash: toHex(node.id),
    miner: block === undefined ? "" : toHex(block.header.miner),
    time: block?.header.time ?? state?.time ?? 0,
    stateRoot: toHex(block?.header.stateRoot ?? (state as { root: Uint8Array }).root),
    parametersDigest: toHex(node.start),
    checked: node.checked === "invalid" ? "pending" : node.checked,
  };
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
    start: toHex(header.start),
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

function recordView(record: Record): RecordView {
  return {
    id: toHex(recordId(record)),
    round: record.round,
    leader: toHex(record.leader),
    next: toHex(record.next),
    contributions: record.contributions.map((c) => ({
      id: toHex(contributionId(c)),
      author: toHex(c.author),
      digest: toHex(c.digest),
    })),
  };
}
