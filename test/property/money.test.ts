// The law of money under long random histories: every kind of transaction, offences, accounts that go and come back. Nothing is lost, made or used twice.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { doubleBlock, doubleRecord, type State, selectTransactions, TRANSACTION_KINDS } from "../../src/chain/index.ts";
import type { Transaction } from "../../src/codec/index.ts";
import { checkBlock } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { aTransfer } from "../support/chain.ts";
import { ALLOCATED, nothingSeen, Player, people, person, steps, world } from "../support/history.ts";
import { decodeState, encodeState } from "../support/state-bytes.ts";

const { rules } = world;

const sum = (entries: readonly { readonly amount: bigint }[]): bigint =>
  entries.reduce((all, { amount }) => all + amount, 0n);

function checkMoney(state: State, minted: bigint): void {
  const accounts = state.accounts();
  let held = sum(state.immature()) + sum(state.unbonding());
  for (const account of accounts) {
    held += account.balance + account.stake;
    expect([account.balance >= 0n, account.stake >= 0n]).toEqual([true, true]);
    // The memo finds each where it is now.
    expect(state.account(account.address)).toEqual(account);
  }
  expect(new Set(accounts.map(({ address }) => toHex(address))).size).toBe(accounts.length);
  for (const { amount } of [...state.immature(), ...state.unbonding()]) expect(amount).toBeGreaterThan(0n);
  expect(held).toBe(state.supply);
  expect(state.supply).toBe(ALLOCATED + minted - state.burnt);
}

/** None of what was ever in a block can be in one again, not even behind a gift that makes its sender's account anew. */
function checkReplay(state: State, old: readonly Transaction[], rich: KeyPair): void {
  expect(selectTransactions(state, old, rules)).toEqual([]);
  const gone = people.find(({ address }) => !state.hasAccount(address));
  if (gone === undefined || state.account(rich.address).balance < 100n) return;
  const gift = aTransfer(state, rich, gone.address, 60n, { fee: 30n });
  expect(selectTransactions(state, [gift, ...old], rules)).toEqual([gift]);
}

describe("long random histories with offences and accounts that come and go", () => {
  it("keep every coin in one place, come back whole from storage, and take no transaction twice", () => {
    const seen = nothingSeen();
    fc.assert(
      fc.property(steps(90, 130), (history) => {
        const player = new Player(seen);
        for (const [i, step] of history.entries()) {
          const { block, before } = player.play(step);
          expect(checkBlock(before, block, {}, rules)).toMatchObject({ kind: "state" });
          checkMoney(player.state, player.minted);
          const back = decodeState(encodeState(player.state));
          expect(toHex(back.root)).toBe(toHex(player.state.root));
          // A node that starts from its store has another memo of places: it must go on the same.
          if (i % 40 === 39) player.state = back;
          if (i % 3 === 0) checkReplay(player.state, player.old, person((i / 3) % 4));
        }
      }),
      // A history of 200 blocks shrinks for minutes; the seed is what one needs.
      { numRuns: 3, endOnFailure: true },
    );
    // The controls: all of it was tried.
    const { removed, cameBack, unbonded, punished, late, eased, seasons, bothTasks } = seen;
    for (const count of [removed, cameBack, unbonded, punished, late, eased, seasons, bothTasks])
      expect(count).toBeGreaterThan(3);
    expect(seen.taken).toBeGreaterThan(0n);
    expect(seen.kinds).toEqual(new Set(Object.values(TRANSACTION_KINDS).map(({ tag }) => tag)));
    expect(seen.offences).toEqual(new Set([doubleBlock.tag, doubleRecord.tag]));
  }, 120_000);
});
