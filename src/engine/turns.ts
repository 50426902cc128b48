// Long work shares the event loop with everything else: so many pieces, then whoever waits. There is one loop, so all work takes turns on
// one queue; signatures are verified beside the loop meanwhile (decision 0016).
import { setImmediate as nextTurn } from "node:timers/promises";
import { SerialQueue, type Steps } from "../base/index.ts";
import { verifyAhead } from "../crypto/index.ts";

/** Work of one turn, in pieces of some 0.1 ms: a few milliseconds. */
export const TURN = 32;
/** Of a signature that is remembered. */
const REMEMBERED = 1 / 16;

const queue = new SerialQueue();
/** Work done since the loop last went round. */
let spent = 0;

type Turn<R> =
  | { readonly done: true; readonly value: R }
  | { readonly done: false; readonly ahead: Promise<void> | undefined };

async function takeTurn<R>(steps: Steps<R>): Promise<Turn<R>> {
  if (spent >= TURN) {
    await nextTurn();
    spent = 0;
  }
  while (spent < TURN) {
    const next = steps.next();
    if (next.done === true) return { done: true, value: next.value };
    if (typeof next.value === "number") {
      spent += next.value;
      continue;
    }
    spent += next.value.length * REMEMBERED;
    const ahead = verifyAhead(next.value);
    if (ahead !== undefined) return { done: false, ahead };
  }
  return { done: false, ahead: undefined };
}

/** After work that is no generator: so much was done, others may have their turn. */
export const rest = (weight: number): Promise<void> => inTurns(pieceOf(weight));

function* pieceOf(weight: number): Steps<void> {
  yield weight;
}

/** The work's result; others' messages, requests and turns come in between. Throws what the work throws. */
export async function inTurns<R>(steps: Steps<R>): Promise<R> {
  for (;;) {
    const turn = await queue.run(() => takeTurn(steps));
    if (turn.done) return turn.value;
    await turn.ahead;
  }
}
