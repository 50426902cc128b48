// `double-record`: two different records of one leader for one round of a task on one block (protocol section 3).
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual, reject, u32be } from "../../base/index.ts";
import { codecOf, RoundRecord } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { checkAge, type SignedTwice } from "./kind.ts";

const DoubleRecordType = new ContainerType({ a: RoundRecord.type, b: RoundRecord.type });
export type DoubleRecord = ValueOf<typeof DoubleRecordType>;

export const doubleRecord = {
  name: "double-record",
  tag: 1,
  payload: codecOf("double record", DoubleRecordType),
  judge({ a, b }, { height }, rules) {
    if (!sameRound(a, b) || bytesEqual(RoundRecord.id(a), RoundRecord.id(b)))
      return reject("no-offence", "not two records of one round");
    const age = checkAge(a.height, height, rules);
    if (age !== undefined) return age;
    if (!RoundRecord.verify(a, rules.genesis) || !RoundRecord.verify(b, rules.genesis))
      return reject("no-offence", "a record is not signed by its leader");
    const id = taggedHash("double record", a.leader, u32be(a.height), a.task, u32be(a.round), a.block);
    return { kind: "offence", id, offender: a.leader, height: a.height };
  },
} satisfies SignedTwice<DoubleRecord>;

function sameRound(a: RoundRecord, b: RoundRecord): boolean {
  return (
    a.round === b.round &&
    a.height === b.height &&
    bytesEqual(a.leader, b.leader) &&
    bytesEqual(a.task, b.task) &&
    bytesEqual(a.block, b.block)
  );
}
