// What the node measures of itself: units, draws, processor time, event-loop delay. Figures for people, never for consensus.
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { bytesEqual, toHex } from "../../base/index.ts";
import { paymentSteps, type Rules, type State } from "../../chain/index.ts";
import type { Block } from "../../codec/index.ts";
import { type EngineEvents, type FinishedUnit, inTurns } from "../../engine/index.ts";
import type { Metrics } from "../../ports/index.ts";
import { contributionsOf } from "../../work/index.ts";

/** Units per second are counted over this long, ms. */
const WINDOW_MS = 60_000;
const RESOLUTION_MS = 10;

export class Meter {
  readonly #rules: Rules;
  readonly #address: Uint8Array;
  readonly #ends: number[] = [];
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #instruments;
  #miningSince: { at: number; cpuMs: number } | undefined;
  #graphMs = 0;
  blocksMined = 0;
  rewards = 0n;
  alerts = 0;
  units = 0;
  draws = 0;
  recorded = 0;
  verified = 0;
  reorganisations = 0;
  /** Task -> training loss of its last own unit, nats. */
  readonly losses = new Map<string, number>();

  constructor(rules: Rules, address: Uint8Array, metrics: Metrics) {
    this.#rules = rules;
    this.#address = address;
    this.#instruments = {
      height: metrics.gauge("pouw_chain_height_blocks", "Height of the best block"),
      units: metrics.counter("pouw_work_units_total", "Units run by this node"),
      unitMs: metrics.histogram("pouw_work_unit_seconds", "Time of a unit", [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]),
      won: metrics.counter("pouw_chain_blocks_won_total", "Blocks won by this node"),
      loss: metrics.gauge("pouw_work_loss_nats", "Training loss of the last own unit", ["task"]),
      reorganisations: metrics.counter("pouw_chain_reorganisations_total", "Times that the best chain lost a block"),
      verified: metrics.counter("pouw_work_checks_total", "Winning units re-executed", ["outcome"]),
    };
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  unit(unit: FinishedUnit, now: number): void {
    this.units++;
    this.draws += unit.draws;
    this.losses.set(toHex(unit.task.id), unit.result.loss);
    this.#graphMs += unit.result.graphMs;
    this.#ends.push(now);
    while ((this.#ends[0] as number) < now - WINDOW_MS) this.#ends.shift();
    this.#instruments.units.add();
    this.#instruments.unitMs.observe(unit.result.totalMs / 1000);
    this.#instruments.loss.set(unit.result.loss, { task: unit.task.name });
  }

  /** `stateOf`: the state after a block, by id. */
  head({ added, dropped }: EngineEvents["head"], height: number, stateOf: (id: Uint8Array) => Promise<State>): void {
    for (const [blocks, sign] of [
      [added, 1],
      [dropped, -1],
    ] as const)
      for (const block of blocks) {
        this.#count(block, sign);
        void this.#earned(block, stateOf).then((amount) => {
          this.rewards += BigInt(sign) * amount;
        });
      }
    if (dropped.length > 0) {
      this.reorganisations++;
      this.#instruments.reorganisations.add();
    }
    this.#instruments.height.set(height);
  }

  checked({ outcome, by }: EngineEvents["checked"]): void {
    if (by !== "executed") return;
    this.verified++;
    this.#instruments.verified.add(1, { outcome });
  }

  /** Training begins: processor time counts from here. */
  mining(now: number): void {
    this.#miningSince ??= { at: now, cpuMs: cpuMs() };
  }

  /** Time inside the training graph over this process's processor time since mining began, 0 to 1. */
  trainingShare(): number {
    if (this.#miningSince === undefined) return 0;
    const spent = cpuMs() - this.#miningSince.cpuMs;
    return spent <= 0 ? 0 : Math.min(1, this.#graphMs / spent);
  }

  unitsPerSecond(now: number): number {
    const since = Math.max(this.#miningSince?.at ?? now, now - WINDOW_MS);
    const recent = this.#ends.filter((end) => end >= since).length;
    return now - since < 1000 ? 0 : recent / ((now - since) / 1000);
  }

  /** 99th percentile of how late the event loop was, ms. */
  eventLoopDelayP99Ms(): number {
    return Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS);
  }

  #count(block: Block, sign: 1 | -1): void {
    const { header } = block;
    if (bytesEqual(header.miner, this.#address)) {
      this.blocksMined += sign;
      if (sign > 0) this.#instruments.won.add();
    }
    const own = contributionsOf(block).filter(({ author }) => bytesEqual(author, this.#address));
    this.recorded += sign * own.length;
  }

  /** What a block pays this node: by the state that it builds on; nothing where that is gone. */
  async #earned(block: Block, stateOf: (id: Uint8Array) => Promise<State>): Promise<bigint> {
    const { header, body } = block;
    const parent = await stateOf(header.parent).catch(() => undefined);
    if (parent === undefined) return 0n;
    const fees = body.transactions.reduce((sum, { fee }) => sum + fee, 0n);
    const { stake, rewards } = await inTurns(paymentSteps(parent, block, fees, this.#rules));
    const own = rewards.filter(({ address }) => bytesEqual(address, this.#address));
    const first = bytesEqual(header.miner, this.#address) ? stake : 0n;
    return own.reduce((sum, { amount }) => sum + amount, first);
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
