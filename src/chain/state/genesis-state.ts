// The state before any block: allocations, the tasks at round 0, and a beacon that nobody chose.
import { fromHex } from "../../base/index.ts";
import { Header } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { type Genesis, rulesOf } from "../genesis.ts";
import { type State, stateOf } from "./state.ts";
import { OPEN, StateType } from "./state-type.ts";

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
    recorded: Array.from({ length: genesis.evidenceBlocks }, () => []),
    recent: [{ height: 0, id: zero, beacon, miner: zero, time: genesis.time, target }],
  });
}
