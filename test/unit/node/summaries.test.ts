// A block with its body as people read it, made in pieces: a full one names some three thousand addresses and ids.
import { expect, it, vi } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import { Block, Contribution, RoundRecord, Transaction } from "../../../src/codec/index.ts";
import { TURN } from "../../../src/engine/turns.ts";
import { blockDetailSteps } from "../../../src/node/views/summaries.ts";
import { alice, aTransfer, aWorld, bob, carol, mineBlock, STAKES, someRecords } from "../../support/chain.ts";

const { rules, state: genesis } = aWorld(STAKES);
const { state } = mineBlock(genesis, alice, rules);
const records = someRecords(state, alice, [alice, carol], 3, rules);
const transactions = Array.from({ length: 40 }, (_, i) =>
  aTransfer(state, alice, bob.address, 5n, { nonce: BigInt(i) }),
);
const { block } = mineBlock(state, bob, rules, { records, transactions });

it("holds every transaction and record, and hashes none of them in one go with another", () => {
  // As it comes from the store: nobody hashed anything of it yet.
  const read = Block.codec.decode(Block.codec.encode(block));
  const hashes = [vi.spyOn(Transaction, "id"), vi.spyOn(RoundRecord, "id"), vi.spyOn(Contribution, "id")];
  const steps = blockDetailSteps(read, "executed", "devnet");
  const [weights, hashed]: [number[], number[]] = [[], []];
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) {
    weights.push(Number(next.value));
    hashed.push(hashes.reduce((sum, { mock }) => sum + mock.calls.length, 0));
    for (const hash of hashes) hash.mockClear();
  }
  for (const hash of hashes) hash.mockRestore();
  expect(weights).toHaveLength(40 + records.length + 1);
  expect(Math.max(...weights)).toBeLessThanOrEqual(TURN);
  expect(hashed.slice(0, 40)).toEqual(Array(40).fill(1));
  const { transactionList, recordList } = next.value;
  expect(transactionList.map(({ id }) => id)).toEqual(transactions.map((one) => toHex(Transaction.id(one))));
  expect(recordList.slice(0, -1).map(({ id }) => id)).toEqual(records.map((one) => toHex(RoundRecord.id(one))));
  expect(recordList.map(({ closing }) => closing)).toEqual([...records.map(() => false), true]);
});
