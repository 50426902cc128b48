// A state as it is stored: in rows of some hundred KB, each made and read in one piece of work, however many accounts there are.
import { ListCompositeType } from "@chainsafe/ssz";
import { bytesEqual, messageOf, PouwError, type Steps } from "../../base/index.ts";
import { hashTree } from "./hash-tree.ts";
import { Positions } from "./positions.ts";
import { stakersOf } from "./stakers.ts";
import { State } from "./state.ts";
import {
  type Account,
  AccountType,
  RecordedListType,
  RewardsType,
  SeatsType,
  StateType,
  type StateView,
  WithdrawalsType,
} from "./state-type.ts";

/** Accounts in a row. */
const PAGE = 1024;
const PageType = new ListCompositeType(AccountType, PAGE);
/** Entries of a slot that stay in the main row. */
const SMALL_SLOT = 32;
/** Rings whose slots are rows: what a full block leaves in one is some 400 KB. */
const RINGS = {
  immature: RewardsType,
  unbonding: WithdrawalsType,
  recorded: RecordedListType,
  audits: SeatsType,
} as const;
type RingName = keyof typeof RINGS;
const RING_NAMES = Object.keys(RINGS) as readonly RingName[];

/** What a row costs to make or to read, in pieces of work. */
export const ROW_WEIGHT = 32;

/** The row that holds all that no other does. It comes last: with it the others are there. */
export const MAIN_ROW = "main";
const pageName = (page: number): string => `accounts-${page}`;
const slotName = (ring: RingName, at: number): string => `${ring}-${at}`;

export interface StateRow {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Slot {
  readonly length: number;
  serialize(): Uint8Array;
}

/** Whether a slot stays in the main row. */
const fits = ({ length }: Slot): boolean => length <= SMALL_SLOT;

/** The slots of a ring, as far as rows need them. */
interface Slots {
  readonly length: number;
  getReadonly(at: number): Slot;
  set(at: number, slot: unknown): void;
}
const slotsOf = (view: StateView, ring: RingName): Slots => view[ring] as unknown as Slots;

/** The rows of a state, the main one last. */
export function* stateRows(state: State): Generator<StateRow> {
  const view = StateType.getViewDU(state.node);
  const main = StateType.getViewDU(state.node);
  const { accounts } = view;
  for (let page = 0; page * PAGE < accounts.length; page++) {
    const length = Math.min(PAGE, accounts.length - page * PAGE);
    const values = Array.from({ length }, (_, i) =>
      AccountType.toValueFromViewDU(accounts.getReadonly(page * PAGE + i)),
    );
    yield { name: pageName(page), bytes: PageType.serialize(values) };
  }
  main.accounts = StateType.fields.accounts.defaultViewDU();
  for (const ring of RING_NAMES)
    for (let at = 0; at < view[ring].length; at++) {
      const slot = slotsOf(view, ring).getReadonly(at);
      if (fits(slot)) continue;
      yield { name: slotName(ring, at), bytes: slot.serialize() };
      slotsOf(main, ring).set(at, RINGS[ring].defaultViewDU());
    }
  yield { name: MAIN_ROW, bytes: main.serialize() };
}

/** The state of rows by name. Whether they are all of one state its root says. Throws BAD_ENCODING. */
export function* readState(rows: ReadonlyMap<string, Uint8Array>): Steps<State> {
  const view = decoded(StateType, rows.get(MAIN_ROW) ?? new Uint8Array(0));
  let positions = Positions.none;
  const staked: Account[] = [];
  const { accounts } = view;
  const isMain = (ring: RingName): boolean =>
    Array.from({ length: view[ring].length }, (_, at) => slotsOf(view, ring).getReadonly(at)).every(fits);
  if (accounts.length > 0 || !RING_NAMES.every(isMain)) throw refuse("it holds what has a row of its own");
  for (let page = 0; ; page++) {
    const bytes = rows.get(pageName(page));
    if (bytes === undefined) break;
    const values = decoded(PageType, bytes).getAllReadonlyValues();
    if (values.length === 0) throw refuse("an empty page");
    for (const account of values) {
      positions = positions.with(account.address, accounts.length);
      accounts.push(AccountType.toViewDU(account));
      if (account.stake > 0n) staked.push(account);
    }
    accounts.commit();
    yield ROW_WEIGHT;
  }
  for (const ring of RING_NAMES)
    for (let at = 0; at < view[ring].length; at++) {
      const bytes = rows.get(slotName(ring, at));
      if (bytes === undefined) continue;
      const slot = decoded(RINGS[ring] as Decodable<Slot>, bytes);
      if (fits(slot)) throw refuse("a short slot");
      slotsOf(view, ring).set(at, slot);
      yield ROW_WEIGHT;
    }
  view.commit();
  yield* hashTree(view.node);
  return new State(view.node, positions, stakersOf(staked));
}

interface Decodable<V> {
  deserializeToViewDU(bytes: Uint8Array): V;
}

const refuse = (why: string, cause?: unknown): PouwError =>
  new PouwError("BAD_ENCODING", `not a state's row: ${why}`, { cause });

function decoded<V extends { serialize(): Uint8Array }>(type: Decodable<V>, bytes: Uint8Array): V {
  let view: V;
  try {
    view = type.deserializeToViewDU(Uint8Array.from(bytes));
  } catch (cause) {
    throw refuse(messageOf(cause), cause);
  }
  if (!bytesEqual(view.serialize(), bytes)) throw refuse("not in canonical form");
  return view;
}
