// `double-block`: two different headers of one miner with one win (protocol section 2).
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual, reject, u32be, u64be } from "../../base/index.ts";
import { codecOf, Header } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { checkAge, type SignedTwice } from "./kind.ts";

const DoubleBlockType = new ContainerType({ a: Header.type, b: Header.type });
export type DoubleBlock = ValueOf<typeof DoubleBlockType>;

/**
 * Their parents may differ: a unit's digest depends on the block it was run upon, so one digest on two parents is still one
 * unit. The blocks need not be valid: signing one win twice is the offence.
 */
export const doubleBlock = {
  name: "double-block",
  tag: 0,
  payload: codecOf("double block", DoubleBlockType),
  judge({ a, b }, { height }, rules) {
    if (!sameWin(a, b) || bytesEqual(Header.id(a), Header.id(b)))
      return reject("no-offence", "not two blocks of one win");
    const age = checkAge(a.height, height, rules);
    if (age !== undefined) return age;
    if (!Header.verify(a, rules.genesis) || !Header.verify(b, rules.genesis))
      return reject("no-offence", "a header is not signed by its miner");
    const unit = [a.task, u32be(a.round), u32be(a.mlNode), u32be(a.index), a.digest, u64be(a.nonce)];
    const id = taggedHash("double block", a.miner, u32be(a.height), ...unit);
    return { kind: "offence", id, offender: a.miner, height: a.height };
  },
} satisfies SignedTwice<DoubleBlock>;

function sameWin(a: Header, b: Header): boolean {
  return (
    a.height === b.height &&
    a.round === b.round &&
    a.mlNode === b.mlNode &&
    a.index === b.index &&
    a.nonce === b.nonce &&
    bytesEqual(a.miner, b.miner) &&
    bytesEqual(a.task, b.task) &&
    bytesEqual(a.startDigest, b.startDigest) &&
    bytesEqual(a.digest, b.digest)
  );
}
