// Walks over blocks and units.
import type { Block, Entry, Player, Purse, Unit } from "./types.ts";

/** The ancestor so many blocks up. */
export function above(block: Block, steps: number): Block | undefined {
  let at: Block | undefined = block;
  for (let i = 0; i < steps && at !== undefined; i++) at = at.parent;
  return at;
}

/** Whether a unit is recorded in this block or in one of the three before it, beyond which none of its records may stand. */
export function isRecorded({ recorded }: Unit, head: Block): boolean {
  if (recorded.length === 0) return false;
  let at: Block | undefined = head;
  for (let i = 0; i < 4 && at !== undefined; i++, at = at.parent) if (recorded.includes(at)) return true;
  return false;
}

export const entriesOf = ({ records }: Block): Entry[] => records.flatMap(({ entries }) => entries);

export const seasonOf = ({ height }: Block, length: number): number => Math.floor(height / length);

export const isOwn = ({ player }: Unit, me: Player): boolean => player === me.number;

export const keysOf = (purse: Purse): number[] => purse.map(({ key }) => key);
