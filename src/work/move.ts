// A step of a task's common state: a leader's record, or the record with which a block closes a round. What both are made of (protocol section 3).
import { bytesEqual } from "../base/index.ts";
import { type Body, ClosingType, type Contribution, RoundRecord, type UnsignedHeader } from "../codec/index.ts";

/** Rounds that a contribution's start may lie before the record, the record's own included: so many common states count. */
export const COMMON_STATES = 8;

/** P(round + 1) from P(round). */
export interface Move {
  readonly task: Uint8Array;
  readonly round: number;
  readonly contributions: readonly Contribution[];
  /** A leader's record: its state stands on the block that the leader won. That of a closing record stands on the block that closes. */
  readonly leads: boolean;
  /** The one whose unit won the block: it counts as on time. Undefined in a leader's record. */
  readonly winning: Contribution | undefined;
  readonly nextDigest: Uint8Array;
  /** Id of the record; of a full one that nobody hashed before it takes a millisecond. */
  readonly id: Uint8Array;
}

/** A block as far as its work goes. */
export interface WonBlock {
  readonly header: UnsignedHeader;
  readonly body: Body;
}

export const moveOfRecord = (record: RoundRecord): Move => ({
  task: record.task,
  round: record.round,
  contributions: record.contributions,
  leads: true,
  winning: undefined,
  nextDigest: record.nextDigest,
  get id() {
    return RoundRecord.id(record);
  },
});

/** The contribution of a block's winning unit; undefined when the closing record does not hold it. */
export const winningOf = ({ header, body }: WonBlock): Contribution | undefined =>
  body.closing.contributions.find(
    ({ round, height, author, mlNode, index }) =>
      round === header.round &&
      height === header.height - 1 &&
      mlNode === header.mlNode &&
      index === header.index &&
      bytesEqual(author, header.miner),
  );

/** How a block moves a task, oldest step first: by the leader's records and, in the winner's task, by the closing one. */
export function movesOf(block: WonBlock, task: Uint8Array): Move[] {
  const { header, body } = block;
  const moves = body.records.filter((record) => bytesEqual(record.task, task)).map(moveOfRecord);
  if (!bytesEqual(header.task, task)) return moves;
  const { contributions, nextDigest } = body.closing;
  const round = (moves.at(-1)?.round ?? header.round - 1) + 1;
  const winning = winningOf(block);
  moves.push({
    task,
    round,
    contributions,
    leads: false,
    winning,
    nextDigest,
    get id() {
      return ClosingType.hashTreeRoot(body.closing);
    },
  });
  return moves;
}

/** Rounds between a contribution's start and the record that holds it. */
export const lagOf = ({ round, winning }: Pick<Move, "round" | "winning">, contribution: Contribution): number =>
  contribution === winning ? 0 : round - contribution.round;

/** Every contribution of a block, of all tasks. */
export const contributionsOf = ({ body }: Pick<WonBlock, "body">): Contribution[] => [
  ...body.records.flatMap(({ contributions }) => contributions),
  ...body.closing.contributions,
];
