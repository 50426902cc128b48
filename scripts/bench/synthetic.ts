// Chains whose units are made up: every rule holds, every object is signed, nothing is trained. So blocks cost a millisecond.
import type { Address, Hash32, TaskId } from "../../src/base/index.ts";
import { genesisState, rulesOf, type State } from "../../src/chain/index.ts";
import { Block, type Decoded } from "../../src/codec/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import type { BlockEntry } from "../../src/engine/index.ts";
import type { Network } from "../../src/node/index.ts";
import type { Store, StoreWrite } from "../../src/ports/index.ts";
import { aKey, aTransfer, mineBlock, someRecords, taskIn } from "../../test/support/chain.ts";
import { toyNetwork } from "../../test/support/sim.ts";

export const MINER = aKey("bench miner");

/** A network of one made-up task on which every draw wins, with so many accounts; the miner's is the first. */
export function syntheticNetwork(accounts: number): Network {
  const address = (i: number): string =>
    Buffer.from(i === 0 ? MINER.address : sha256(new Uint8Array(Uint32Array.of(i).buffer))).toString("hex");
  // What the miner has at stake is what lets its units be recorded.
  const stakeOf = (i: number): { readonly stake?: string } => (i === 0 ? { stake: "1000000" } : {});
  const allocations = Array.from({ length: accounts }, (_, i) => {
    return { address: address(i), amount: "1000000000", ...stakeOf(i) };
  });
  // More accounts than a genesis file may list, so past its check: a real network comes to them by transfers.
  const genesis = { ...toyNetwork({ network: "bench", target: "f".repeat(64) }).genesis, allocations };
  return { genesis, rules: rulesOf(genesis) };
}

export interface Mined {
  readonly block: Decoded<Block>;
  readonly state: State;
}

/** The next block: its closing record, from height 2 on one record of one unit, and a transfer from the miner to each of the payees. */
function nextBlock(state: State, { rules }: Network, payees: readonly Uint8Array[]): Mined {
  const { nonce } = state.account(MINER.address);
  const transactions = payees.map((payee, i) => aTransfer(state, MINER, payee, 1n, { nonce: nonce + BigInt(i) }));
  const records = state.height === 0 ? [] : someRecords(state, MINER, [MINER], 1, rules);
  const mined = mineBlock(state, MINER, rules, { records, transactions });
  return { block: Block.wrap(mined.block), state: mined.state };
}

/** What a node knows of such a block. */
export function entryOf({ block, state }: Mined, { rules }: Network): BlockEntry {
  const { header } = block.value;
  return {
    id: block.id,
    parent: header.parent as Hash32,
    height: header.height,
    work: state.work,
    miner: header.miner as Address,
    heard: header.height,
    startKnown: true,
    task: header.task as TaskId,
    startDigest: header.startDigest as Hash32,
    parameters: [state.task(taskIn(rules).id)?.parametersDigest as Hash32],
    checked: "executed",
  };
}

/** The blocks of a chain, one after another, each with so many transfers among eight accounts. */
export function* chainOf(network: Network, blocks: number, transfers = 0): Generator<Mined> {
  let state = genesisState(network.genesis);
  const known = network.genesis.allocations.slice(0, 8).map((one) => Buffer.from(one.address, "hex"));
  const payees = Array.from({ length: transfers }, (_, i) => known[i % known.length] as Uint8Array);
  for (let height = 1; height <= blocks; height++) {
    const mined = nextBlock(state, network, payees);
    state = mined.state;
    yield mined;
  }
}

/** A store whose batches reach the disk several at a time: the same rows, without a sync per block. `flush` writes what is left. */
export function gathering(store: Store, every: number): Store & { flush(): Promise<void> } {
  let waiting: StoreWrite[] = [];
  let batches = 0;
  const flush = async (): Promise<void> => {
    const writes = waiting;
    waiting = [];
    batches = 0;
    if (writes.length > 0) await store.batch(writes);
  };
  return {
    get: (key) => store.get(key),
    entries: (range) => store.entries(range),
    keys: (range) => store.keys(range),
    recover: () => store.recover(),
    close: () => store.close(),
    flush,
    batch: async (writes) => {
      waiting.push(...writes);
      if (++batches >= every) await flush();
    },
  };
}
