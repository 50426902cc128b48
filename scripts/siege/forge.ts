// A forged win: a unit that nobody ran, whose digest was ground until a draw of it wins. It costs hashes, some 20,000 on devnet.
import { randomBytes } from "node:crypto";
import { type State, targetAt } from "../../src/chain/index.ts";
import { type Block, Contribution } from "../../src/codec/index.ts";
import { draftBlock, sealBlock } from "../../src/consensus/index.ts";
import { type KeyPair, keyPairFromSecret } from "../../src/crypto/index.ts";
import { DELTA_CODECS } from "../../src/ml/index.ts";
import type { Network } from "../../src/node/index.ts";
import { findWin, noncesPerUnit, type Task, unitOfContribution } from "../../src/work/index.ts";

/** Units tried at most. */
const MAX_UNITS = 10_000;

export const aStranger = (): KeyPair => keyPairFromSecret(Uint8Array.from(randomBytes(32)));
export const noise = (): Uint8Array => Uint8Array.from(randomBytes(32));

/** A contribution upon `state` that claims an end which nobody computed. */
export function forgedUnit(state: State, key: KeyPair, { rules }: Network, index = 0): Contribution {
  const task = rules.tasks[0] as Task;
  const stands = state.task(task.id);
  if (stands === undefined) throw new Error("the network has no task");
  const { round, parametersDigest: startDigest } = stands;
  const on = { task: task.id, round, block: state.tipId, height: state.height, startDigest };
  const delta = { codec: DELTA_CODECS[task.codec].tag, deltaHash: noise(), deltaBytes: 200_000 };
  return Contribution.sign(
    { ...on, ...delta, author: key.address, mlNode: 0, index, digest: noise() },
    key,
    rules.genesis,
  );
}

/** A block upon `state` that passes every check but the run of its unit. */
export function forgedBlock(state: State, key: KeyPair, network: Network): Block {
  const { rules } = network;
  const time = Math.max(Date.now(), state.time + 1);
  const target = targetAt(state, time, rules);
  for (let index = 0; index < MAX_UNITS; index++) {
    const contribution = forgedUnit(state, key, network, index);
    const nonces = noncesPerUnit(rules.tasks[0] as Task, rules);
    const win = findWin(unitOfContribution(state.beacon, contribution), nonces, target);
    if (win === undefined) continue;
    const closing = { contributions: [contribution], nextDigest: noise() };
    const draft = draftBlock(state, { contribution, nonce: win.nonce, closing, time }, rules);
    if (draft.kind !== "draft") throw new Error(`no such block: ${draft.code} ${draft.reason}`);
    return sealBlock(draft, key, rules);
  }
  throw new Error("no unit wins");
}
