// The door's view of a running node: reads the engine, submits transfers, never reaches further in.
import { fromHex, toHex } from "../../base/index.ts";
import { transferCodec } from "../../codec/index.ts";
import { transferId } from "../../crypto/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Wire } from "../../ports/index.ts";
import type { BlockDetail, BlockView } from "./blocks.ts";
import { blockDetail, blockView, transferView } from "./summaries.ts";
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
  const checkedOf = async (id: Uint8Array): Promise<BlockView["checked"]> => {
    const checked = (await engine.ledger.node(id))?.checked ?? "pending";
    return checked === "invalid" ? "pending" : checked;
  };
  return {
    getStatus,
    on,
    metricsText,
    peers: () => wire.peers(),
    async blocks(from, count) {
      const ids = await engine.blocks.canonicalRange(
        Math.max(1, from),
        Math.max(1, from) + Math.min(count, MAX_BLOCKS),
      );
      const views: BlockView[] = [];
      for (const id of ids) {
        const block = await engine.blocks.block(id);
        if (block !== undefined) views.push(blockView(block, await checkedOf(id)));
      }
      return views;
    },
    async block(idOrHeight): Promise<BlockDetail | undefined> {
      const id = typeof idOrHeight === "number" ? await engine.blocks.canonical(idOrHeight) : fromHex(idOrHeight);
      const block = id === undefined ? undefined : await engine.blocks.block(id);
      return id === undefined || block === undefined ? undefined : blockDetail(block, await checkedOf(id));
    },
    async transfer(id) {
      const bytes = fromHex(id);
      if (bytes === undefined || bytes.length !== 32) return undefined;
      const at = await engine.blocks.transfer(bytes);
      const block = at === undefined ? undefined : await engine.blocks.block(at);
      const found = block?.body.transfers.find((transfer) => toHex(transferId(transfer)) === toHex(bytes));
      if (at !== undefined && block !== undefined && found !== undefined) {
        return transferView(found, block.header.height, toHex(at));
      }
      const waiting = engine.mempool.find(bytes);
      return waiting === undefined ? undefined : transferView(waiting, undefined, undefined);
    },
    account(address) {
      const bytes = fromHex(address);
      if (bytes === undefined || bytes.length !== 32) return undefined;
      const { state } = engine.ledger;
      const { balance } = state.account(bytes);
      const immature = state.immature(bytes).reduce((sum, reward) => sum + reward.amount, 0n);
      const ban = state.bans.find((it) => toHex(it.address) === toHex(bytes));
      const nonce = engine.mempool.nextNonce(bytes);
      return {
        address: toHex(bytes),
        balance: `${balance}`,
        immature: `${immature}`,
        nonce: `${nonce}`,
        bannedUntil: ban?.until,
      };
    },
    async submitTransfer(bytes) {
      const transfer = transferCodec.decode(bytes);
      return { id: toHex(transferId(transfer)), verdict: engine.submit(transfer) };
    },
  };
}
