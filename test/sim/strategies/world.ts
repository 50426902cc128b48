// A network in virtual time: lanes run units, messages take their time, blocks are heard by one player after another.
import { fromBigInt } from "../../../src/base/index.ts";
import { isAdmitted } from "../../../src/chain/index.ts";
import { isOwn, seasonOf } from "./block.ts";
import { Agenda, Chance } from "./chance.ts";
import { gather, mayClose, mayRecord, Places, roundOf } from "./desk.ts";
import { forge, replaceBanned } from "./forging.ts";
import { collateralOf } from "./ledger.ts";
import { easierBy, makeBlock } from "./make.ts";
import type { Params } from "./params.ts";
import { desksOn, type Settler, settleIn } from "./settlers.ts";
import type { Block, Desk, Lane, Network, Player, Unit } from "./types.ts";

/** Units differ by so much from one to the next. */
const JITTER = 0.03;

export class World implements Network {
  readonly params: Params;
  readonly chance: Chance;
  readonly agenda = new Agenda();
  readonly players: Player[] = [];
  readonly lanes: Lane[] = [];
  /** Player of each key. */
  readonly owners: number[] = [];
  readonly #desks = new Map<Block, { readonly desks: readonly Desk[]; readonly places: Places }>();
  readonly #deadline: readonly number[];
  /** Blocks won, those that were lost included. */
  found = 0;
  #recent = 0;
  #recentAt = 0;

  constructor(params: Params, settlers: readonly Settler[], seed: number) {
    this.params = params;
    this.chance = new Chance(seed);
    const genesis = settleIn(this, settlers);
    this.#open(genesis, this.players[0] as Player);
    const median = this.lanes.map(({ seconds }) => seconds).sort((a, b) => a - b)[this.lanes.length >> 1] as number;
    const latency = params.latency.least + params.latency.more;
    const most = params.rules.blockTimeMs / 4000;
    this.#deadline = params.tasks.map(({ effort }) =>
      Math.min(most, Math.max(1.5 * median * effort, 2 * latency + (median * effort) / 2)),
    );
    for (const lane of this.lanes) this.begin(lane);
  }

  run(until: number): void {
    this.agenda.runTo(until);
  }

  latency(): number {
    return this.params.latency.least + this.chance.exponential(this.params.latency.more);
  }

  deskOf(block: Block, task: number): Desk {
    return this.#desks.get(block)?.desks[task] as Desk;
  }

  /** The block that honest players agree on, but for what is on its way. */
  get head(): Block {
    return (this.players[0] as Player).head;
  }

  workBlock(me: Player): Block {
    return me.strategy.worksOn(me.head, me);
  }

  /** Luck of everybody that the target has not followed yet. */
  recentLuck(): number {
    const { blockTimeMs, retargetWindow } = this.params.rules;
    return this.#recent * Math.exp((-1000 * (this.agenda.now - this.#recentAt)) / (blockTimeMs * retargetWindow));
  }

  /** Number of the newest common state on its block that a player has. */
  newest(me: Player, block: Block, task: number): number {
    const { leader, records, heard } = this.deskOf(block, task);
    return (block.first[task] as number) + (leader === me ? records.length : heard);
  }

  begin(lane: Lane): void {
    const { player: me, task } = lane;
    const token = ++lane.token;
    const pace = 1 + JITTER * (2 * this.chance.next() - 1);
    lane.busy = me.owed >= 1;
    if (lane.busy) {
      me.owed -= 1;
      this.agenda.add(this.agenda.now + lane.seconds * pace, () => this.#finish(lane, token));
      return;
    }
    const block = this.workBlock(me);
    const start = Math.max(block.first[task] as number, this.newest(me, block, task) - me.strategy.behind);
    lane.index = lane.block === block && lane.start === start ? lane.index + 1 : 0;
    lane.block = block;
    lane.start = start;
    const effort = this.params.tasks[task]?.effort ?? 1;
    const seconds = lane.seconds * effort * pace * (1 - me.strategy.saves);
    lane.beganAt = this.agenda.now;
    lane.endsAt = lane.beganAt + seconds;
    this.agenda.add(lane.endsAt, () => this.#finish(lane, token));
  }

  #finish(lane: Lane, token: number): void {
    if (lane.token !== token) return;
    const { player: me, block } = lane;
    if (lane.busy) {
      this.begin(lane);
      return;
    }
    me.units++;
    const unit = this.unitOf(lane, me.keys[lane.slot] as number, false);
    if (block === this.workBlock(me) && this.#draws(me, unit)) this.#win(me, unit);
    else if (me.strategy.forges?.rate !== 1 || me.forger !== undefined) this.send(unit);
    if (me.strategy.forges !== undefined) forge(this, me, lane);
    this.begin(lane);
  }

  unitOf({ number, player, task, block, start }: Lane, key: number, forged: boolean): Unit {
    const measure = { expected: block.expected, nonces: this.params.tasks[task]?.nonces ?? 0 };
    const digest = fromBigInt(BigInt(Math.floor(this.chance.next() * 2 ** 32)), 4);
    const admitted = isAdmitted(block.target, digest, measure);
    const rest = { recorded: [], stands: [], heardAt: Number.POSITIVE_INFINITY };
    return { player: player.number, key, lane: number, task, block, start, forged, admitted, ...rest };
  }

  #draws(me: Player, { block, task }: Unit): boolean {
    const eased = 2 ** easierBy(this.agenda.now - block.time, this.params);
    const chance = Math.min(1, ((this.params.tasks[task]?.nonces ?? 0) * eased) / Number(block.expected));
    const won = this.chance.next() < chance;
    me.luck += (won ? 1 : 0) - chance;
    this.#recent = this.recentLuck() + (won ? 1 : 0) - chance;
    this.#recentAt = this.agenda.now;
    return won;
  }

  /** A contribution goes out: the leaders at work have it at once or after a while. */
  send(unit: Unit): void {
    const { now } = this.agenda;
    unit.block.pool.push(unit);
    if (unit.block.published) unit.heardAt = now + this.latency();
    for (const { desks } of this.#desks.values()) this.#bring(unit, desks[unit.task] as Desk);
  }

  #bring(unit: Unit, desk: Desk): void {
    if (desk.leader.head !== desk.block || !mayRecord(unit, desk.block, roundOf(desk), this.params)) return;
    const at = isOwn(unit, desk.leader) ? this.agenda.now : unit.heardAt;
    if (at <= this.agenda.now) this.#take(desk, unit);
    else if (at < Number.POSITIVE_INFINITY) this.agenda.add(at, () => this.#take(desk, unit));
  }

  #take(desk: Desk, unit: Unit): void {
    const lane = this.lanes[unit.lane] as Lane;
    lane.lastRound = Math.max(lane.lastRound, unit.start);
    lane.lastTime = this.agenda.now;
    lane.lastLag = roundOf(desk) - unit.start;
    desk.pending.push(unit);
    desk.present.add(unit.lane);
    this.#consider(desk);
  }

  #consider(desk: Desk): void {
    const { now } = this.agenda;
    if (desk.leader.head !== desk.block) return;
    const deadline = this.#deadline[desk.task] as number;
    if (mayClose(desk, this, deadline)) {
      this.#close(desk);
      return;
    }
    if (desk.timed || now >= desk.openedAt + deadline) return;
    desk.timed = true;
    const { openedAt } = desk;
    this.agenda.add(openedAt + deadline, () => {
      if (desk.openedAt !== openedAt) return;
      desk.timed = false;
      this.#consider(desk);
    });
  }

  #close(desk: Desk): void {
    const { now } = this.agenda;
    const units = gather(desk, (this.#desks.get(desk.block) as { places: Places }).places, this.params);
    if (units.length === 0) return;
    for (const unit of units) unit.stands.push({ desk, at: desk.records.length });
    desk.records.push(units);
    desk.openedAt = now;
    desk.present = new Set(desk.pending.map(({ lane }) => lane));
    desk.timed = false;
    for (const lane of desk.leader.lanes) this.#newState(lane, desk);
    if (desk.block.published) this.agenda.add(now + this.latency(), () => this.#heardRecord(desk));
  }

  #heardRecord(desk: Desk): void {
    desk.heard = Math.min(desk.heard + 1, desk.records.length);
    for (const lane of this.lanes) if (lane.player !== desk.leader) this.#newState(lane, desk);
  }

  #newState(lane: Lane, { block, task }: Desk): void {
    const { player: me } = lane;
    if (lane.busy || lane.task !== task || this.workBlock(me) !== block) return;
    const isOlder = lane.block === block && lane.start < this.newest(me, block, task) - me.strategy.behind;
    if (isOlder && me.strategy.drops(lane, false, this.agenda.now)) this.#drop(lane);
  }

  #drop(lane: Lane): void {
    lane.player.dropped++;
    this.begin(lane);
  }

  #win(me: Player, unit: Unit): void {
    const block = makeBlock(this, me, unit);
    this.found++;
    const choice = me.strategy.won(block, me, this);
    if (choice === "drop") {
      for (const { unit: one } of block.records.flatMap(({ entries }) => entries)) one.recorded.pop();
      this.send(unit);
      return;
    }
    unit.block.pool.push(unit);
    this.#open(block, me);
    if (choice === "hold") me.hidden.push(block);
    else this.publish(block);
    this.adopt(me, block);
  }

  /** The winner leads on its block, from what was left over. */
  #open(block: Block, leader: Player): void {
    this.#desks.set(block, { desks: desksOn(block, leader, this), places: new Places(block, this.params) });
    // Who withholds may be far ahead: what the last of all still works on is kept.
    const lowest = Math.min(...this.players.map(({ head }) => head.height));
    for (const known of this.#desks.keys()) {
      if (known.height >= lowest - 12) continue;
      this.#desks.delete(known);
      // Nothing looks at its units any more, and there are many.
      known.pool.length = 0;
      known.records.length = 0;
    }
  }

  publish(block: Block): void {
    const { now } = this.agenda;
    block.published = true;
    // What was run on it and kept so far comes with it, and so do its leader's records.
    for (const unit of block.pool) unit.heardAt = Math.min(unit.heardAt, now + this.latency());
    if (block.winning !== undefined) block.winning.heardAt = now + this.latency();
    for (const desk of this.#desks.get(block)?.desks ?? []) desk.heard = desk.records.length;
    for (const player of this.players) {
      if (player.number === block.player) continue;
      const near = Math.min(player.strategy.near, this.players[block.player]?.strategy.near ?? 1);
      this.agenda.add(now + near * this.latency(), () => this.#hear(player, block));
    }
  }

  #hear(me: Player, block: Block): void {
    const { checks, heard } = me.strategy;
    const units = this.params.switches.check + (this.players[block.player]?.strategy.shows ?? 0);
    if (checks) me.owed += units;
    if (checks && !this.#isProvisional(block)) {
      const fastest = Math.min(...me.lanes.map(({ seconds }) => seconds));
      this.agenda.add(this.agenda.now + units * fastest, () => this.#prefer(me, block));
    } else this.#prefer(me, block);
    heard(block, me, this);
  }

  /** Whether it may be built upon before it is checked. */
  #isProvisional({ parent, key }: Block): boolean {
    return parent === undefined || collateralOf(parent.state, key) >= this.params.rules.provisional;
  }

  #prefer(me: Player, block: Block): void {
    if (this.isBetter(block, me.head)) this.adopt(me, block);
  }

  /** Most expected draws, then the one heard first, or what older rules said. */
  isBetter(block: Block, head: Block): boolean {
    if (block.work !== head.work) return block.work > head.work;
    const { ties } = this.params.switches;
    if (ties === "lower draw") return block.draw < head.draw;
    return ties === "more recorded" && block.size > head.size;
  }

  adopt(me: Player, block: Block): void {
    me.head = block;
    replaceBanned(this, me);
    const work = this.workBlock(me);
    const season = (of: Block): number => seasonOf(of, this.params.rules.seasonBlocks);
    for (const lane of me.lanes) {
      if (lane.busy || lane.block === work) continue;
      if (season(lane.block) !== season(work) || me.strategy.drops(lane, true, this.agenda.now)) this.#drop(lane);
    }
    if (block.player !== me.number) return;
    for (const desk of this.#desks.get(block)?.desks ?? []) this.#fillDesk(desk);
  }

  #fillDesk(desk: Desk): void {
    let at: Block | undefined = desk.block;
    for (let depth = 0; depth <= 2 && at !== undefined; depth++, at = at.parent) {
      for (const unit of at.pool) if (unit.task === desk.task) this.#bring(unit, desk);
    }
  }
}
