// Attacks by messages: well formed, and worth nothing.

import { transferOf } from "../../src/chain/index.ts";
import {
  Attestation,
  Block,
  BlockNotice,
  Contribution,
  type Topic,
  Transaction,
  type UnsignedContribution,
} from "../../src/codec/index.ts";
import { type Attack, again, Crowd } from "./attack.ts";
import { aStranger, forgedBlock, forgedUnit, noise } from "./forge.ts";
import { Follower, type Target } from "./stranger.ts";

type Message = (follower: Follower, target: Target) => Promise<Uint8Array>;

/** `size`: connections; `everyMs`: between two messages of all of them together. */
const flood = (
  what: string,
  topic: Topic,
  message: Message,
  { size, everyMs }: { readonly size: number; readonly everyMs: number },
): Attack => ({
  what: `${what}, one every ${everyMs} ms, from ${size} connection${size > 1 ? "s" : ""} that come back under new names`,
  async prepare(target) {
    const follower = await Follower.open(target);
    const crowd = new Crowd(target, size);
    return {
      lures: [],
      run: (options) =>
        again(everyMs, options, async (n) => {
          const wire = await crowd.member(n);
          if (wire === undefined) return false;
          await wire.publish(topic, await message(follower, target));
          return true;
        }),
      close: async () => {
        await crowd.close();
        await follower.stop();
      },
    };
  },
});

const forgedWin: Message = async (follower, { network }) =>
  BlockNotice.of(Block.wrap(forgedBlock(await follower.catchUp(), aStranger(), network)));

/** One of a round that has not come, with a signature that is none. */
const futureUnit: Message = async ({ tip }, { network }) => {
  const unit = forgedUnit(tip, aStranger(), network);
  return Contribution.codec.encode({ ...unit, round: unit.round + 3, signature: new Uint8Array(64).fill(1) });
};

/** Upon the head, and signed; nobody serves its delta. */
const withheldUnit: Message = async (follower, { network }) =>
  Contribution.codec.encode(forgedUnit(await follower.catchUp(), aStranger(), network));

/** Names a block long gone. */
const oldUnit: Message = async ({ tip }, { network: { rules }, network }) => {
  const key = aStranger();
  const { signature: _, ...unit } = forgedUnit(tip, key, network);
  const old: UnsignedContribution = { ...unit, height: Math.max(0, tip.height - 60), block: noise() };
  return Contribution.codec.encode(Contribution.sign(old, key, rules.genesis));
};

const wordOnNothing: Message = async ({ tip: { height } }, { network: { rules } }) => {
  const key = aStranger();
  const word = { block: noise(), height: height + 1, outcome: 0, digest: noise(), verifier: key.address };
  return Attestation.codec.encode(Attestation.sign(word, key, rules.genesis));
};

const brokeTransfer: Message = async (_, { network: { rules } }) => {
  const key = aStranger();
  const { genesis } = rules;
  const order = { to: noise(), amount: 1_000_000n, genesis, from: key.address, nonce: 0n, fee: 1_000n };
  return Transaction.codec.encode(Transaction.sign(transferOf(order), key, genesis));
};

export const FLOODS: { readonly [name: string]: Attack } = {
  "forged-wins": flood("forged wins upon the head", "block", forgedWin, { size: 1, everyMs: 333 }),
  "forged-wins-8": flood("forged wins upon the head", "block", forgedWin, { size: 8, everyMs: 333 }),
  "future-units": flood("unsigned contributions of a future round", "contribution", futureUnit, {
    size: 12,
    everyMs: 10,
  }),
  "withheld-units": flood("contributions without a delta", "contribution", withheldUnit, { size: 8, everyMs: 50 }),
  "old-units": flood("contributions upon old blocks", "contribution", oldUnit, { size: 4, everyMs: 10 }),
  attestations: flood("attestations of unknown blocks", "attestation", wordOnNothing, { size: 4, everyMs: 10 }),
  transfers: flood("transfers of keys that own nothing", "transaction", brokeTransfer, { size: 4, everyMs: 10 }),
};
