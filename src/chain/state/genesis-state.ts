// The state before any block: allocations, the tasks at round 0, and a beacon that nobody chose.
import { fromHex } from "../../base/index.ts";
import { Header } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { startName } from "../../work/index.ts";
import { type Genesis, rulesOf } from "../genesis.ts";
import type { Rules } from "../rules.ts";
import { type State, stateOf } from "./state.ts";
import { OPEN, StateType, type StateValue } from "./state-type.ts";

/** State at height 0. Its tip's id is the genesis hash. */
export function genesisState(genesis: Genesis): State {
  const rules = rulesOf(genesis);
  const zero = new Uint8Array(32);
  const beacon = taggedHash("genesis beacon", rules.genesis);
  const target = fromHex(genesis.target) as Uint8Array;
  const accounts = genesis.allocations.map(({ address, amount, stake = "0" }) => ({
    address: fromHex(address) as Uint8Array,
    balance: BigInt(amount),
    nonce: 0n,
    stake: BigInt(stake),
  }));
  return stateOf({
    ...StateType.defaultValue(),
    genesis: rules.genesis,
    tip: { ...Header.unsignedType.defaultValue(), version: genesis.version, time: genesis.time, target },
    beacon,
    target,
    supply: accounts.reduce((sum, account) => sum + account.balance + account.stake, 0n),
    accounts,
    immature: Array.from({ length: genesis.maturity }, () => []),
    unbonding: Array.from({ length: genesis.unbonding }, () => []),
    tasks: rules.tasks.map(({ id, initialDigest }) => ({
      id,
      season: 0,
      round: 0,
      parametersDigest: initialDigest,
      lastRecord: id,
    })),
    commons: rules.tasks.map(({ id, initialDigest }) => ({
      task: id,
      round: 0,
      digest: initialDigest,
      from: 0,
      until: OPEN,
    })),
    ...windows(genesis, rules),
    recent: [{ height: 0, id: zero, beacon, miner: zero, time: genesis.time, target }],
  });
}

/** What is remembered of the last blocks, a slot for each. */
function windows({ evidenceBlocks }: Genesis, { tasks }: Rules): Pick<StateValue, "recorded" | "starts" | "audits"> {
  const starts = tasks.map(({ id: task, initialDigest }) => startName({ task, round: 0, startDigest: initialDigest }));
  const empty = <E>(): E[][] => Array.from({ length: evidenceBlocks }, () => []);
  return { recorded: empty(), starts: [starts, ...empty<Uint8Array>().slice(1)], audits: empty() };
}
