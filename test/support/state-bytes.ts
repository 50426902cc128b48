// Whole states: their canonical bytes, as vectors and laws compare them (a node stores rows), and states that hold a crowd.
import { bytesEqual, messageOf, PouwError, u32be } from "../../src/base/index.ts";
import type { State } from "../../src/chain/index.ts";
import { stateOf } from "../../src/chain/state/state.ts";
import { StateType, type StateValue } from "../../src/chain/state/state-type.ts";
import { sha256 } from "../../src/crypto/index.ts";

export const encodeState = (state: State): Uint8Array => StateType.getViewDU(state.node).serialize();

/** Throws BAD_ENCODING for what is no state. */
export function decodeState(bytes: Uint8Array): State {
  let value: StateValue;
  try {
    value = StateType.deserialize(Uint8Array.from(bytes));
  } catch (cause) {
    throw new PouwError("BAD_ENCODING", `not a state: ${messageOf(cause)}`, { cause });
  }
  const state = stateOf(value);
  if (!bytesEqual(encodeState(state), bytes)) throw new PouwError("BAD_ENCODING", "not a state: not in canonical form");
  return state;
}

/** The same state with so many accounts more, and rewards that fill a slot. */
export function crowded(state: State, accounts: number, rewards: number): State {
  const value = StateType.getViewDU(state.node).toValue() as StateValue;
  const stranger = (i: number): Uint8Array => sha256(u32be(i));
  const more = Array.from({ length: accounts }, (_, i) => ({
    address: stranger(i),
    balance: 1000n,
    nonce: BigInt(i),
    stake: 0n,
  }));
  const full = Array.from({ length: rewards }, (_, i) => ({
    address: stranger(i),
    author: stranger(i + 1),
    amount: 1n,
  }));
  const immature = value.immature.map((slot, at) => (at === 2 ? full : slot));
  return stateOf({ ...value, accounts: [...value.accounts, ...more], immature });
}
