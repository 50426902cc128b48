// `forged-unit`: a signed contribution that does not end where its author says (protocol section 5).
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual, reject } from "../../base/index.ts";
import { Contribution, codecOf } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { findTask } from "../rules.ts";
import { checkAge, type EvidenceKind } from "./kind.ts";

const ForgedUnitType = new ContainerType({ contribution: Contribution.type });
export type ForgedUnit = ValueOf<typeof ForgedUnitType>;

/**
 * Recorded, in a block of any branch, or sent only: that its author signed it is enough. Its block and its start must be this
 * branch's, so that one unit is meant and everybody can run it; whoever checks the block that carries this does.
 */
export const forgedUnit: EvidenceKind<ForgedUnit> = {
  name: "forged-unit",
  tag: 2,
  payload: codecOf("forged unit", ForgedUnitType),
  judge({ contribution }, { height, state }, rules) {
    if (findTask(rules, contribution.task) === undefined) return reject("unknown-task");
    const on = state.recentBlock(contribution.height);
    if (on === undefined || !bytesEqual(on.id, contribution.block)) return reject("other-branch");
    if (!state.isStart(contribution)) return reject("wrong-start", "not of this branch");
    // A block can record it, or carry its win, one height after the one that it was run on.
    const recordable = contribution.height + 1;
    const age = checkAge(recordable, height, rules);
    if (age !== undefined) return age;
    if (!Contribution.verify(contribution, rules.genesis))
      return reject("no-offence", "the contribution is not signed by its author");
    const id = taggedHash("forged unit", Contribution.id(contribution));
    return { kind: "offence", id, offender: contribution.author, height: recordable, shown: { contribution } };
  },
};
