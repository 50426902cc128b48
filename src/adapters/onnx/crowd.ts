// How many units a provider runs at once, and what they come to together: a GPU is shared by several, a processor has one for each worker.
import type { Proof, Timed } from "./messages.ts";
import type { Hand } from "./pool.ts";

/** Workers of one provider that run at once. */
export interface Crowd {
  readonly hands: readonly Hand[];
  /** Of all of them together. */
  readonly stepsPerSecond: number;
}

/** Steps of the call that is timed: as short as still shows what a call costs beside them. */
const STEPS = 20;
const MOST = 8;
/** What twice as many must bring at least. */
const GAIN = 1.1;

/** Steps a second of `hands` that all run at once, mean over the proofs. Each runs twice, the first time to warm up. */
export async function paceOf(hands: readonly Hand[], proofs: readonly Proof[]): Promise<number> {
  let total = 0;
  for (const proof of proofs) {
    const job = { kind: "time", task: proof.task, proof, steps: STEPS } as const;
    const once = (): Promise<readonly Timed[]> =>
      Promise.all(hands.map(async (hand) => (await hand.run(job)) as Timed));
    await once();
    for (const { stepMs } of await once()) total += 1000 / stepMs;
  }
  return total / proofs.length;
}

/** Twice as many workers as long as that pays. `more` starts one; where one more cannot be had, those that are there are taken. */
export async function crowdOf(first: Hand, more: () => Promise<Hand>, proofs: readonly Proof[]): Promise<Crowd> {
  let crowd: Crowd = { hands: [first], stepsPerSecond: await paceOf([first], proofs) };
  while (2 * crowd.hands.length <= MOST) {
    const added: Hand[] = [];
    try {
      while (added.length < crowd.hands.length) added.push(await more());
      const hands = [...crowd.hands, ...added];
      const larger = { hands, stepsPerSecond: await paceOf(hands, proofs) };
      if (larger.stepsPerSecond < GAIN * crowd.stepsPerSecond) throw new Error("not worth it");
      crowd = larger;
    } catch {
      await Promise.all(added.map((hand) => hand.close()));
      return crowd;
    }
  }
  return crowd;
}
