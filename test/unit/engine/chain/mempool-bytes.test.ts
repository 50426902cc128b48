// The mempool's bound in bytes: no kind of transaction is long enough yet to meet it before the bound in number, so one is made up.
import { expect, it, vi } from "vitest";
import { ACCEPT, Emitter } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { Transaction } from "../../../../src/codec/index.ts";
import { Mempool } from "../../../../src/engine/chain/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { alice, aTransfer, aWorld } from "../../../support/chain.ts";
import { Sim } from "../../../support/sim.ts";

vi.mock("../../../../src/chain/index.ts", async (original) => ({
  ...(await original<object>()),
  checkTransactionContent: () => ACCEPT,
  askOf: () => undefined,
}));

/** Bytes of a payload, and transactions of it that fit 8 MiB. */
const LONG = 64 * 1024;
const FIT = Math.floor((8 << 20) / (LONG + 149));

it("is 8 MiB: longer ones make room by the byte, and what goes gives its bytes back", () => {
  const { state, rules } = aWorld();
  vi.spyOn(Transaction, "verify").mockReturnValue(true);
  const one = aTransfer(state, alice, alice.address, 1n);
  const by = (i: number, fee: bigint): Transaction => ({
    ...one,
    from: Sim.key(`sender ${i}`).address,
    kind: 200,
    fee,
    payload: new Uint8Array(LONG),
  });
  let gone = false;
  const account = { ...state.account(alice.address), nonce: 0n };
  const world = { height: 0, account: () => account, accountOf: () => (gone ? undefined : account) };
  const events: EventBus = new Emitter();
  const mempool = new Mempool({ rules, minFee: 0n }, { events, state: () => world as unknown as State });
  const fill = (fee: bigint): void => {
    for (let i = 0; i < FIT; i++) expect(mempool.add(by(i, fee))).toEqual(ACCEPT);
  };
  fill(5n);
  expect(mempool.add(by(FIT, 5n))).toMatchObject({ kind: "ignore", code: "mempool-full" });
  expect(mempool.add(by(FIT, 6n))).toEqual(ACCEPT);
  expect(mempool.size).toBe(FIT);
  gone = true;
  events.emit("head", { tip: { id: rules.genesis, height: 0, work: 0n }, added: [], dropped: [] });
  expect(mempool.size).toBe(0);
  gone = false;
  fill(5n);
  expect(mempool.size).toBe(FIT);
});
