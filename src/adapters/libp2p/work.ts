// The one budget of a stranger's work. A unit is some 25 µs of the main thread; whoever is in debt is not read until it has paid.
import type { Clock } from "../../ports/index.ts";
import { Budget } from "./budget.ts";

const WORK = {
  own: { perSecond: 250, burst: 2_000 },
  group: { perSecond: 2_000, burst: 8_000 },
  all: { perSecond: 8_000, burst: 16_000 },
};

/** What things cost, units. */
export const COST = {
  /** A frame of the multiplexer, and each 16 KiB of it. */
  frame: 1,
  bytesPerUnit: 16_384,
  /** A stream that opens: its protocol is negotiated, and the library notes it. */
  stream: 20,
  /** A gossip message that is new: its signature is checked. One that was seen already is a look into a table. */
  message: 8,
  seen: 1,
  /** A subscription, a GRAFT or a PRUNE. */
  control: 2,
  /** An id in IHAVE or IDONTWANT; one in IWANT may have a message sent. */
  id: 0.1,
  wanted: 4,
  /** A question, and each 4 KiB of its answer. */
  question: 10,
  answerBytesPerUnit: 4_096,
};

export const createWorkBudget = (deps: { readonly clock: Clock; groupOf(peer: string): string }): Budget =>
  new Budget(WORK, deps);
