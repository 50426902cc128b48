// A block as people and programs read it: the line that status shows, without its body, and whole.
import { z } from "zod";
import { addressForm, checkedForm, count, hashForm, heightForm, minerForm, timeForm, u64Form } from "./forms.ts";
import { transactionSchema } from "./transactions.ts";

const standingSchema = z
  .object({
    task: hashForm.describe("Id of the task."),
    round: count("The round that is open after the block."),
    parametersDigest: hashForm.describe("digest(P) that the round starts from."),
  })
  .readonly()
  .meta({ id: "TaskStanding", description: "Where a task stands after a block." });

export const blockSummarySchema = z
  .object({
    height: heightForm,
    hash: hashForm.describe("The block's hash."),
    miner: minerForm,
    time: timeForm,
    stateRoot: hashForm.describe("Root of the chain state after this block."),
    parametersDigest: hashForm.describe("digest(P) of the parameters that the block's unit started from."),
    tasks: z
      .array(standingSchema)
      .readonly()
      .describe("Every task of the network, as the state after the block has it."),
    checked: checkedForm,
  })
  .readonly()
  .meta({ id: "BlockSummary", description: "A block as the status names it." });
export type BlockSummary = z.infer<typeof blockSummarySchema>;

const blockShape = {
  height: heightForm,
  hash: hashForm.describe("The block's hash."),
  parent: hashForm.describe("Hash of the block below."),
  time: timeForm,
  miner: minerForm,
  task: hashForm.describe("Id of the training task."),
  round: count("Round of the task that the winning unit belongs to."),
  mlNode: count("Which of its miner's ML nodes ran the winning unit."),
  index: count("Index of the winning unit within its block, round, miner and ML node."),
  start: hashForm.describe("digest(P) of the parameters that the winning unit started from."),
  digest: hashForm.describe("digest(P) of the parameters that the winning unit ended at."),
  nonce: u64Form.describe("The draw that won."),
  target: hashForm.describe("What the draw had to be below: 32 bytes, big-endian."),
  stateRoot: hashForm.describe("Root of the chain state after this block."),
  transactions: count("Number of transactions in the block."),
  records: count("Number of round records in the block, with the one that closes the winner's round."),
  contributions: count("Number of contributions in those records."),
  checked: checkedForm,
};

export const blockSchema = z
  .object(blockShape)
  .readonly()
  .meta({ id: "Block", description: "A block without its body." });
export type BlockView = z.infer<typeof blockSchema>;

const contributionSchema = z
  .object({
    id: hashForm.describe("The contribution's id."),
    author: addressForm.describe("Who trained it."),
    digest: hashForm.describe("digest(P) that its unit ended at."),
  })
  .readonly()
  .meta({ id: "ContributionSummary", description: "A contribution as a round record names it." });

const recordSchema = z
  .object({
    id: hashForm.describe("The record's id."),
    task: hashForm.describe("Id of the task whose round it closes."),
    round: count("The round that it closes."),
    leader: addressForm.describe("Who led the round and signed the record; of a closing record the block's miner."),
    closing: z
      .boolean()
      .describe("True of the last: the round that the block itself closes, with the unit that won it."),
    next: hashForm.describe("digest(P) of the parameters that the next round starts from."),
    contributions: z.array(contributionSchema).readonly().describe("In the order in which they are aggregated."),
  })
  .readonly()
  .meta({ id: "Record", description: "The end of a round: its contributions and the parameters they lead to." });
export type RecordView = z.infer<typeof recordSchema>;

export const blockDetailSchema = z
  .object({
    ...blockShape,
    transactionList: z.array(transactionSchema).readonly().describe("The block's transactions, in order."),
    recordList: z
      .array(recordSchema)
      .readonly()
      .describe("The block's round records, in order; the closing one is last."),
    commits: count("Attestations on audited contributions that are sealed in this block."),
    attestations: count("Attestations on audited contributions that are opened in this block."),
    evidence: count("Offences punished by this block."),
  })
  .readonly()
  .meta({ id: "BlockDetail", description: "A block with its body." });
export type BlockDetail = z.infer<typeof blockDetailSchema>;
