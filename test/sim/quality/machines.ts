// The networks whose learning is measured: the devnet's rules, machines of one lane each, two of them three times slower.
import { devnetLike, machinesOf, type Params } from "../strategies/params.ts";

/** Seconds of a unit on the usual machine: a twelfth of the devnet's block time, or `scale` times that. */
const USUAL = 0.425;

/** Two of the machines are three times slower; of two machines one, since two slow ones would be two equal ones. */
export function networkOf(miners: number, scale = 1): Params {
  const few = [USUAL, 3 * USUAL].slice(0, miners).map((seconds) => scale * seconds);
  return { ...devnetLike(miners), machines: miners <= 2 ? few : machinesOf(miners, scale) };
}
