// A long line of headers that goes on from the head is taken in segments: of each, those units are run that a secret of this node draws by
// their blocks' work, and the rest is taken as good once all of them were right, or is run as everything else (decision 0018).
import { bytesEqual, messageOf, placeIn, toHex } from "../../base/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import { type Ledger, MAX_AHEAD } from "../chain/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import type { BlockStore } from "../storage/index.ts";

/** Units drawn of a segment: one of which half the work is forged passes once in 2^32, a tenth of it once in 30. */
const DRAWS = 32;
/** Blocks of a segment. In a shorter one most would be drawn. */
const LEAST_BLOCKS = 128;
const MOST_BLOCKS = MAX_AHEAD;
/** The newest blocks of a line are run each: they may be replaced before they are here. */
const NEWEST = 12;
/** Segments that fell after which every unit is run until this node starts again: each try has another secret, and they must be few. */
const MAX_FALLEN = 4;
/**
 * A segment of which no drawn unit was right for this long falls, ms. Blocks alone say nothing: nobody knows which are drawn, so who has not
 * trained them cannot keep a segment open, or a miner at rest.
 */
const SILENT_MS = 120_000;
/** For this long after its begin, and after each drawn unit that was right, the chain counts as moving, ms. */
const MOVES_MS = 30_000;
/** Blocks that are taken as good in one write. */
const LOT = 32;

/** Headers that a peer showed, above a block that is here. */
export interface Line {
  readonly height: number;
  at(height: number): Uint8Array | undefined;
  /** Whether the block with this id and height is of it, or what it stands on. */
  leadsOver(id: Uint8Array, height: number): boolean;
  /** Work of the chain up to a height of it, its base's included. */
  workAt(height: number): number;
}

export interface SamplingDeps {
  readonly ledger: Pick<Ledger, "head" | "recent" | "takeSampled" | "announceOwed">;
  readonly blocks: Pick<BlockStore, "block">;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  /** A secret number from 0, below 1. */
  readonly random: () => number;
}

interface Segment {
  /** Height of its first block. */
  readonly from: number;
  readonly ids: readonly Uint8Array[];
  readonly names: ReadonlySet<string>;
  /** Of blocks whose units are run. */
  readonly drawn: ReadonlySet<string>;
  readonly ended: Promise<void>;
  readonly end: () => void;
  stopWaiting: () => void;
  /** Height up to which it is here. */
  height: number;
  /** When the last drawn unit was found right; first when it began. */
  provenAt: number;
}

export class Sampling {
  readonly #deps: SamplingDeps;
  readonly #signal: AbortSignal;
  #segment: Segment | undefined;
  #fallen = 0;
  #settling = false;

  constructor(deps: SamplingDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    deps.events.on("pending", ({ id, height }) => this.#arrived(toHex(id), height));
    deps.events.on("checked", ({ id, outcome }) => this.#checked(id, outcome));
    signal.addEventListener("abort", () => this.#drop(), { once: true });
  }

  /** Whether a segment is neither taken as good nor fallen. */
  get isOpen(): boolean {
    return this.#segment !== undefined;
  }

  /** Height up to which the open segment is here; 0 where none is open. */
  get height(): number {
    return this.#segment?.height ?? 0;
  }

  /** Whether the open segment shows to be trained just now. */
  get isMoving(): boolean {
    const provenAt = this.#segment?.provenAt;
    return provenAt !== undefined && this.#deps.clock.now() - provenAt < MOVES_MS;
  }

  /** Whether a block's unit is not run while its segment holds. */
  spares(id: Uint8Array): boolean {
    const name = toHex(id);
    return this.#segment?.names.has(name) === true && !this.#segment.drawn.has(name);
  }

  /** Blocks of a line are to be brought here from a height on: begins a segment there if one may, and resolves when they may come. */
  async prepare(line: Line, from: number): Promise<void> {
    const open = this.#segment;
    const last = open?.ids.at(-1);
    if (open === undefined || last === undefined) this.#begin(line, from);
    else {
      const end = open.from + open.ids.length - 1;
      if (from <= end || !line.leadsOver(last, end)) return;
      // What lies beyond would be run unit by unit.
      await open.ended;
      if (!this.#signal.aborted) await this.prepare(line, from);
    }
  }

  #begin(line: Line, from: number): void {
    const { ledger, log, random, clock } = this.#deps;
    const { head } = ledger;
    const count = Math.min(MOST_BLOCKS, line.height - NEWEST - from + 1);
    if (this.#signal.aborted || this.#fallen >= MAX_FALLEN || count < LEAST_BLOCKS) return;
    // What was checked gives way only to what is checked: whoever parts below the head is run whole.
    if (from <= head.height || from > head.height + NEWEST + LOT || !line.leadsOver(head.id, head.height)) return;
    const ids = Array.from({ length: count }, (_, i) => line.at(from + i) as Uint8Array);
    if (ids.some((id) => ledger.recent(id) !== undefined)) return;
    const heights = ids.map((_, i) => from + i);
    const drawn = new Set(drawByWork(line, heights, random).map((height) => toHex(line.at(height) as Uint8Array)));
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const blocks = { from, ids, names: new Set(ids.map(toHex)), drawn };
    const so = { height: from - 1, provenAt: clock.now(), stopWaiting: () => undefined };
    this.#segment = { ...blocks, ended, end, ...so };
    this.#wait(this.#segment);
    log.info({ from, to: from + count - 1, run: drawn.size }, "a long chain is checked by a sample of its units");
  }

  #wait(segment: Segment): void {
    segment.stopWaiting();
    segment.stopWaiting = this.#deps.clock.after(SILENT_MS, () => {
      if (!this.#settling) this.#fall("no unit of it was found right for two minutes");
    });
  }

  #arrived(name: string, height: number): void {
    if (this.#segment?.names.has(name) === true) this.#segment.height = Math.max(this.#segment.height, height);
    this.#look(name);
  }

  #checked(name: string, outcome: EngineEvents["checked"]["outcome"]): void {
    const segment = this.#segment;
    if (segment === undefined || !segment.names.has(name)) return;
    if (outcome === "invalid") this.#fall("a unit of it is forged");
    else if (segment.drawn.has(name)) {
      segment.provenAt = this.#deps.clock.now();
      this.#wait(segment);
    }
    this.#look(name);
  }

  /** Taken as good once all of it is here and each drawn unit was right. */
  #look(name: string): void {
    const { ledger } = this.#deps;
    const segment = this.#segment;
    if (segment?.names.has(name) !== true) return;
    const { ids, drawn } = segment;
    const last = ids.at(-1) as Uint8Array;
    if (this.#settling || ledger.recent(last) === undefined) return;
    const isRight = (id: Uint8Array): boolean => !drawn.has(toHex(id)) || ledger.recent(id)?.checked === "executed";
    if (!ids.every(isRight)) return;
    this.#settling = true;
    void this.#settle(segment).finally(() => {
      this.#settling = false;
    });
  }

  async #settle(segment: Segment): Promise<void> {
    const { ids } = segment;
    try {
      for (let at = 0; at < ids.length; at += LOT) {
        if (!this.#stands(segment)) {
          this.#fall("another chain leads meanwhile");
          return;
        }
        const lot = ids.slice(at, at + LOT);
        await this.#deps.ledger.takeSampled(lot);
        await this.#tell(lot);
      }
      this.#drop();
    } catch (error) {
      if (!this.#signal.aborted) this.#fall(messageOf(error));
    }
  }

  /** Whether the head is below the segment or of it. */
  #stands({ from, ids }: Segment): boolean {
    const { head } = this.#deps.ledger;
    const own = ids[head.height - from];
    return head.height < from || (own !== undefined && bytesEqual(own, head.id));
  }

  async #tell(lot: readonly Uint8Array[]): Promise<void> {
    const { blocks, ledger, events } = this.#deps;
    for (const id of lot) {
      const found = ledger.recent(id)?.checked === "sample" ? await blocks.block(id) : undefined;
      const outcome = { id: toHex(id), outcome: "valid", by: "sample", digest: undefined } as const;
      if (found !== undefined) events.emit("checked", { block: found.value, ...outcome });
    }
  }

  /** Its units are run, each. */
  #fall(reason: string): void {
    const { ledger, log } = this.#deps;
    if (this.#segment === undefined || this.#signal.aborted) return;
    this.#fallen++;
    log.info({ from: this.#segment.from, reason }, "every unit of a chain is checked after all");
    this.#drop();
    ledger.announceOwed();
  }

  #drop(): void {
    const segment = this.#segment;
    this.#segment = undefined;
    segment?.stopWaiting();
    segment?.end();
  }
}

/** Heights of blocks, each with the chance of its share of the work: headers name their difficulty, and who forges most in few blocks is found in these. */
function drawByWork(line: Line, heights: readonly number[], random: () => number): number[] {
  const [first, last] = [heights[0] as number, heights.at(-1) as number];
  const start = line.workAt(first - 1);
  const work = line.workAt(last) - start;
  const before = heights.slice(0, -1);
  return Array.from({ length: DRAWS }, () => {
    const wanted = start + random() * work;
    return first + placeIn(before, (height) => line.workAt(height) <= wanted);
  });
}
