// Headers that cost their maker hashes only: every rule that headers can be held to is kept, and no unit was ever run.
import { type ChainPoint, type Rules, targetAt } from "../../src/chain/index.ts";
import { Header } from "../../src/codec/index.ts";
import { followHeader } from "../../src/consensus/index.ts";
import { type KeyPair, sha256 } from "../../src/crypto/index.ts";
import { findWin, noncesPerUnit, type Task, unitOfHeader } from "../../src/work/index.ts";

/** `count` headers of `key` upon `at`, `solveMs` apart. */
export function groundHeaders(
  at: ChainPoint,
  key: KeyPair,
  { count, solveMs }: { readonly count: number; readonly solveMs: number },
  rules: Rules,
): { readonly headers: Header[]; readonly point: ChainPoint } {
  const headers: Header[] = [];
  let point = at;
  for (let i = 0; i < count; i++) {
    const header = groundHeader(point, key, point.time + solveMs, rules);
    const next = followHeader(point, header, rules);
    if (next.kind !== "point") throw new Error(`no such header: ${next.reason}`);
    headers.push(header);
    point = next.point;
  }
  return { headers, point };
}

function groundHeader(at: ChainPoint, key: KeyPair, time: number, rules: Rules): Header {
  const task = rules.tasks[0] as Task;
  const target = targetAt(at, time, rules);
  const none = new Uint8Array(32);
  for (let tries = 0; ; tries++) {
    const digest = sha256(at.tipId, key.address, Uint8Array.of(tries & 255, tries >> 8));
    const place = { task: task.id, round: at.height, mlNode: 0, index: 0, startDigest: none, digest };
    const roots = { bodyRoot: digest, stateRoot: digest };
    const header = {
      version: rules.version,
      height: at.height + 1,
      parent: at.tipId,
      time,
      miner: key.address,
      ...place,
    };
    const unsigned = { ...header, nonce: 0n, target, ...roots };
    const win = findWin(unitOfHeader(at.beacon, unsigned), noncesPerUnit(task, rules), target);
    if (win !== undefined) return Header.sign({ ...unsigned, nonce: win.nonce }, key, rules.genesis);
  }
}
