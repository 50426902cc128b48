// A line of headers above a block that is here: what a peer showed of its chain, one id for each height.
import { bytesEqual } from "../../base/index.ts";
import type { ChainPoint } from "../../chain/index.ts";

const ID_BYTES = 32;
/** Headers of one branch at most: 4 MiB of ids, 1 MiB of works. */
export const MAX_BRANCH = 131_072;

export class Branch {
  /** The block that it stands on. */
  readonly base: ChainPoint;
  /** A block of it was refused for what an honest peer may not see: nobody is asked for it again. */
  dead = false;
  #point: ChainPoint;
  /** The chain's work after each block: a draw by work needs no more than a double's digits. */
  #works = new Float64Array(64);
  /** One after the other: a hundred thousand small arrays would take ten times the room. */
  #ids = new Uint8Array(64 * ID_BYTES);

  constructor(base: ChainPoint) {
    this.base = base;
    this.#point = base;
  }

  get point(): ChainPoint {
    return this.#point;
  }

  get height(): number {
    return this.#point.height;
  }

  get isFull(): boolean {
    return this.height - this.base.height >= MAX_BRANCH;
  }

  append(point: ChainPoint): void {
    const at = this.height - this.base.height;
    if (at === this.#works.length) {
      const [ids, works] = [new Uint8Array(2 * at * ID_BYTES), new Float64Array(2 * at)];
      ids.set(this.#ids);
      works.set(this.#works);
      [this.#ids, this.#works] = [ids, works];
    }
    this.#ids.set(point.tipId, at * ID_BYTES);
    this.#works[at] = Number(point.work);
    this.#point = point;
  }

  /** The id at a height above the base; undefined beyond its ends. */
  at(height: number): Uint8Array | undefined {
    if (height <= this.base.height || height > this.height) return undefined;
    const at = (height - this.base.height - 1) * ID_BYTES;
    return this.#ids.slice(at, at + ID_BYTES);
  }

  /** Ids from a height on, `count` at most. */
  slice(from: number, count: number): Uint8Array[] {
    const ids: Uint8Array[] = [];
    for (let height = from; height < from + count; height++) {
      const id = this.at(height);
      if (id === undefined) break;
      ids.push(id);
    }
    return ids;
  }

  /** Work of the chain up to a height of it, its base's included. */
  workAt(height: number): number {
    return height === this.base.height
      ? Number(this.base.work)
      : (this.#works[height - this.base.height - 1] as number);
  }

  /** Whether the block with this id and height is of it, or its base. */
  leadsOver(id: Uint8Array, height: number): boolean {
    return this.holds(id, height) || (height === this.base.height && bytesEqual(id, this.base.tipId));
  }

  /** Whether the block with this id and height is of it. */
  holds(id: Uint8Array, height: number): boolean {
    const own = this.at(height);
    return own !== undefined && bytesEqual(own, id);
  }
}
