// What the node knows of a block beyond its bytes: its place in the tree, and whether its unit was checked.
import { type Address, fromHex, type Hash32, type TaskId, toHex } from "../../base/index.ts";

/** `executed`: re-executed here, or made here. `attestations`: enough others vouch for it. `sample`: of its segment, those units that a secret drew were. */
export type Checked = "pending" | "executed" | "attestations" | "sample" | "invalid";

export interface BlockEntry {
  readonly id: Hash32;
  readonly parent: Hash32;
  readonly height: number;
  readonly work: bigint;
  /** Who won it. */
  readonly miner: Address;
  /** When this node took it in: a counter over all blocks, never the same twice. Of two blocks of equal work the lower stands. */
  readonly heard: number;
  /** Whether the unit's start was known here before the block came: only then may it be built upon unchecked. */
  readonly startKnown: boolean;
  /** The winning unit's task, and digest(P(t)) that the unit started from. */
  readonly task: TaskId;
  readonly startDigest: Hash32;
  /** Parameter sets that stand after the block, of the tasks that this node follows. */
  readonly parameters: readonly Hash32[];
  readonly checked: Checked;
}

const text = new TextEncoder();
const plain = new TextDecoder();

const bytesOf = (hex: unknown): Uint8Array => (typeof hex === "string" ? fromHex(hex) : undefined) ?? new Uint8Array(0);

export function encodeEntry(entry: BlockEntry): Uint8Array {
  const { id, parent, height, work, miner, heard, startKnown, task, startDigest, parameters, checked } = entry;
  const hex = { id, parent, miner, task, startDigest };
  const fields = Object.fromEntries(Object.entries(hex).map(([name, bytes]) => [name, toHex(bytes)]));
  const rest = { height, work: `${work}`, heard, startKnown, checked };
  return text.encode(JSON.stringify({ ...fields, parameters: parameters.map(toHex), ...rest }));
}

export function decodeEntry(bytes: Uint8Array): BlockEntry {
  const raw = JSON.parse(plain.decode(bytes)) as { readonly [K in keyof BlockEntry]?: unknown };
  return {
    id: bytesOf(raw.id) as Hash32,
    parent: bytesOf(raw.parent) as Hash32,
    height: Number(raw.height),
    work: BigInt(String(raw.work)),
    miner: bytesOf(raw.miner) as Address,
    heard: Number(raw.heard),
    startKnown: raw.startKnown === true,
    task: bytesOf(raw.task) as TaskId,
    startDigest: bytesOf(raw.startDigest) as Hash32,
    parameters: (Array.isArray(raw.parameters) ? raw.parameters : []).map((hex) => bytesOf(hex) as Hash32),
    checked: raw.checked as Checked,
  };
}
