// The door's view of a running node: reads the engine, submits transactions, never reaches further in.
import { bytesEqual, formatAddress, formatCoins, fromHex, parseAddress, toHex } from "../../base/index.ts";
import { Transaction } from "../../codec/index.ts";
import { type Engine, inTurns, transactionRows } from "../../engine/index.ts";
import type { Wire } from "../../ports/index.ts";
import type { AccountView } from "./accounts.ts";
import type { BlockDetail, BlockView } from "./blocks.ts";
import { moneyOf } from "./money.ts";
import { blockDetailSteps, blockView, checkedView } from "./summaries.ts";
import { type TransactionView, transactionView } from "./transactions.ts";
import type { NodeView } from "./view.ts";

/** Blocks in one answer at most. */
const MAX_BLOCKS = 256;

export interface ViewDeps {
  readonly engine: Engine;
  readonly wire: Wire;
  readonly getStatus: NodeView["getStatus"];
  readonly on: NodeView["on"];
  readonly metricsText: () => Promise<string>;
}

export function createNodeView({ engine, wire, getStatus, on, metricsText }: ViewDeps): NodeView {
  return {
    getStatus,
    on,
    metricsText,
    peers: () => wire.peers(),
    blocks: (from, count) => blocks(engine, Math.max(1, from), Math.min(count, MAX_BLOCKS)),
    block: (idOrHeight) => block(engine, idOrHeight),
    transaction: (id) => transaction(engine, fromHex(id)),
    account: (address) => account(engine, address),
    async submitTransaction(bytes) {
      const decoded = Transaction.read(bytes);
      return { id: toHex(decoded.id), verdict: engine.submit(decoded) };
    },
  };
}

async function blocks(engine: Engine, from: number, count: number): Promise<BlockView[]> {
  const views: BlockView[] = [];
  for (const id of await engine.blocks.canonicalRange(from, from + count)) {
    const found = await engine.blocks.block(id);
    const checked = checkedView((await engine.ledger.entry(id))?.checked);
    if (found !== undefined) views.push(blockView(found.value, checked, engine.ledger.rules.network));
  }
  return views;
}

async function block(engine: Engine, idOrHeight: string | number): Promise<BlockDetail | undefined> {
  const id = typeof idOrHeight === "number" ? await engine.blocks.canonical(idOrHeight) : fromHex(idOrHeight);
  const found = id === undefined ? undefined : await engine.blocks.block(id);
  if (id === undefined || found === undefined) return undefined;
  const checked = checkedView((await engine.ledger.entry(id))?.checked);
  return inTurns(blockDetailSteps(found.value, checked, engine.ledger.rules.network));
}

async function transaction(engine: Engine, id: Uint8Array | undefined): Promise<TransactionView | undefined> {
  if (id?.length !== 32) return undefined;
  const { network } = engine.ledger.rules;
  const at = await engine.blocks.history(transactionRows, toHex(id));
  const found = at === undefined ? undefined : await engine.blocks.block(at);
  const recorded = found?.value.body.transactions.find((one) => bytesEqual(Transaction.id(one), id));
  if (at !== undefined && found !== undefined && recorded !== undefined)
    return transactionView(recorded, network, { place: { height: found.value.header.height, block: toHex(at) } });
  const waiting = engine.mempool.find(id);
  if (waiting !== undefined) return transactionView(waiting, network);
  const gone = engine.mempool.dropped.find(id);
  return gone === undefined ? undefined : transactionView(gone.transaction, network, { dropped: gone.why });
}

function account({ ledger, mempool }: Engine, text: string): AccountView {
  const { state, rules } = ledger;
  const address = parseAddress(text, rules.network);
  const { out, into } = mempool.pending(address);
  return {
    address: formatAddress(address, rules.network),
    ...moneyOf(state, address),
    pendingOut: formatCoins(out),
    pendingIn: formatCoins(into),
    nonce: `${mempool.nextNonce(address)}`,
    bannedUntil: state.banOf(address)?.until,
  };
}
