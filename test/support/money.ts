// All that blocks have made, computed again from the blocks.
import { paymentsOf } from "../../src/chain/index.ts";
import type { Engine } from "../../src/engine/index.ts";

/** What the blocks of an engine's best chain have made. */
export async function mintedIn({ ledger, blocks }: Pick<Engine, "ledger" | "blocks">): Promise<bigint> {
  let sum = 0n;
  for (let height = 1; height <= ledger.head.height; height++) {
    const block = await blocks.block((await blocks.canonical(height)) as Uint8Array);
    if (block === undefined) throw new Error(`block ${height} is not here`);
    const parent = await ledger.stateOf(block.value.header.parent);
    sum += paymentsOf(parent, block.value, 0n, ledger.rules).minted;
    for (const reveal of block.value.body.reveals) sum += parent.seat(reveal)?.pay ?? 0n;
  }
  return sum;
}
