// Cheap validity of a header against its parent's state, cheapest checks first: nothing behind a bad header is looked at (protocol section 5).
import { ACCEPT, bytesEqual, compareBytes, ignore, type Refusal, reject, type Verdict } from "../base/index.ts";
import { type ChainPoint, findTask, type Rules, type State, targetAt, turnOf } from "../chain/index.ts";
import { Header, MAX_RECORDS } from "../codec/index.ts";
import { drawHash, findWin, nonceOffset, noncesPerUnit, type Task, unitOfHeader } from "../work/index.ts";

/** The clock, in ms since 1970; without it (old blocks being synced) no time is in the future. */
export interface CheckOptions {
  readonly now?: number | undefined;
}

/**
 * Everything that a header shows by itself. `time-in-future` is ignored (it may be our clock), all else is rejected. That the unit's digest is
 * true takes a re-execution: work/`checkUnit`.
 */
export function checkHeader(parent: State, header: Header, options: CheckOptions, rules: Rules): Verdict {
  const alone = checkAlone(header, options, rules);
  if (alone.kind !== "accept") return alone;
  const link = checkLink(parent, header, rules);
  if (link.kind !== "accept") return link;
  const task = findTask(rules, header.task);
  const stands = parent.task(header.task);
  if (task === undefined || stands === undefined) return reject("unknown-task");
  if (header.round < stands.round || header.round > stands.round + MAX_RECORDS)
    return reject("wrong-round", `${header.round}, the parent stands at ${stands.round}`);
  if (header.round === stands.round && !bytesEqual(header.startDigest, stands.parametersDigest))
    return reject("wrong-start");
  // Its digest is the same for every key: its draws would cost hashes only.
  if (bytesEqual(header.digest, header.startDigest)) return reject("idle-unit");
  const draw = checkDraw(parent, header, task, rules);
  if (draw.kind !== "accept") return draw;
  if (parent.isBanned(header.miner)) return reject("banned");
  if (!Header.verify(header, rules.genesis)) return reject("bad-signature", "of the header");
  return checkLowest(parent, header, task, rules);
}

/** A point without its weight, as later states remember blocks for a while. */
type Placed = Omit<ChainPoint, "work" | "beacon"> & { readonly beacon: Uint8Array };

/**
 * Whether a header is signed, and shows a win on `at` where that is remembered: so much can be said without the state after it, which must
 * not be replayed for less. Without its signature anybody could make any number of headers from one.
 */
export function checkWin(at: Placed | undefined, header: Header, rules: Rules): Verdict {
  const task = findTask(rules, header.task);
  if (task === undefined) return reject("unknown-task");
  const link = at === undefined ? ACCEPT : checkLink(at, header, rules);
  if (link.kind !== "accept") return link;
  const draw = at === undefined ? ACCEPT : checkDraw(at, header, task, rules);
  if (draw.kind !== "accept") return draw;
  return Header.verify(header, rules.genesis) ? ACCEPT : reject("bad-signature", "of the header");
}

/** What the headers before it say of the next one. */
function checkLink(at: Placed, header: Header, rules: Rules): Verdict {
  if (!bytesEqual(header.parent, at.tipId)) return reject("wrong-parent");
  if (header.height !== at.height + 1) return reject("wrong-height", `${header.height} on ${at.height}`);
  if (header.time <= at.time) return reject("time-not-after-parent");
  return bytesEqual(header.target, targetAt(at, header.time, rules)) ? ACCEPT : reject("wrong-target");
}

/** Where a line of headers has come to. */
export interface Followed {
  readonly kind: "point";
  readonly point: ChainPoint;
}

/**
 * The point after a header that may well follow `at`, or the refusal. It shows that somebody drew the win, which takes hashes, not that
 * anybody trained: a line of headers says which blocks to ask for and what they would weigh, and is believed no further. Its times are not held against the clock: that is for its blocks.
 */
export function followHeader(at: ChainPoint, header: Header, rules: Rules): Followed | Refusal {
  const alone = checkAlone(header, {}, rules);
  if (alone.kind !== "accept") return alone;
  const win = checkWin(at, header, rules);
  if (win.kind !== "accept") return win;
  const { beacon, target, work } = turnOf(at, header, rules);
  const { height, time } = header;
  return { kind: "point", point: { tipId: Header.id(header), height, time, beacon, target, work: at.work + work } };
}

/** What takes no parent: a header that is nobody's fault must not make its parent's state be looked for. */
export function checkAlone(header: Header, options: CheckOptions, rules: Rules): Verdict {
  if (header.version !== rules.version) return reject("wrong-version", `${header.version}`);
  if (options.now !== undefined && header.time > options.now + rules.maxFutureMs)
    return ignore("time-in-future", `by ${header.time - options.now} ms`);
  return ACCEPT;
}

function checkDraw(parent: Pick<Placed, "beacon">, header: Header, task: Task, rules: Rules): Verdict {
  if (nonceOffset(header.digest, header.nonce) >= BigInt(noncesPerUnit(task, rules)))
    return reject("nonce-out-of-range");
  const draw = drawHash(unitOfHeader(parent.beacon, header), header.nonce);
  return compareBytes(draw, header.target) < 0 ? ACCEPT : reject("draw-above-target");
}

/** A unit with two winning draws has one win, the lowest: a choice between them would be a choice of the next beacon. */
function checkLowest(parent: State, header: Header, task: Task, rules: Rules): Verdict {
  const lowest = findWin(unitOfHeader(parent.beacon, header), noncesPerUnit(task, rules), header.target);
  return lowest?.nonce === header.nonce ? ACCEPT : reject("not-lowest-draw");
}
