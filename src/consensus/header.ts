// Cheap validity of a header against its parent's state, cheapest checks first: nothing behind a bad header is looked at (protocol section 5).
import { ACCEPT, bytesEqual, compareBytes, ignore, reject, type Verdict } from "../base/index.ts";
import { findTask, type Rules, type State, targetAt } from "../chain/index.ts";
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
  if (!bytesEqual(header.parent, parent.tipId)) return reject("wrong-parent");
  if (header.height !== parent.height + 1) return reject("wrong-height", `${header.height} on ${parent.height}`);
  if (header.time <= parent.time) return reject("time-not-after-parent");
  if (!bytesEqual(header.target, targetAt(parent, header.time, rules))) return reject("wrong-target");
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

/** What takes no parent: a header that is nobody's fault must not make its parent's state be looked for. */
export function checkAlone(header: Header, options: CheckOptions, rules: Rules): Verdict {
  if (header.version !== rules.version) return reject("wrong-version", `${header.version}`);
  if (options.now !== undefined && header.time > options.now + rules.maxFutureMs)
    return ignore("time-in-future", `by ${header.time - options.now} ms`);
  return ACCEPT;
}

function checkDraw(parent: State, header: Header, task: Task, rules: Rules): Verdict {
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
