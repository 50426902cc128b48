// Topic `block`: the header is judged once, the body pulled if it did not come along, and the whole handed to the ledger.
import { bytesEqual, ignore, type Verdict } from "../../base/index.ts";
import { type Block, type BlockNotice, type Decoded, Header } from "../../codec/index.ts";
import { isExcusable } from "../blame.ts";
import type { Judged } from "../chain/index.ts";
import { fetchBlock } from "../exchange/index.ts";
import type { PeerOrigin } from "../origin.ts";
import { type Handler, type IntakeDeps, later } from "./handler.ts";

export const onBlock: Handler<"block"> = async (message, origin, deps) => {
  const { value, id } = message;
  const { ledger, evidence, ownKey, checks, sources, bans, events } = deps;
  const header = value.kind === "block" ? value.block.value.header : value.header;
  if (bans.has(header.miner)) return ignore("banned", "it signed a forged unit");
  const parent = await ledger.entry(header.parent);
  // Its state would have to be replayed first; a chain that really parts there is fetched by sync, from who claims the work.
  if (parent !== undefined && parent.height < ledger.head.height - ledger.recentBlocks) return ignore("old-parent");
  const judged = await ledger.judgeHeader(id, header);
  if (judged.kind !== "judged") {
    if (judged.kind === "accept") return ignore("known");
    if (judged.code === "unknown-parent") events.emit("stranded", { peer: origin.from, ahead: false });
    if (judged.code === "time-in-future" && Header.verify(header, ledger.rules.genesis))
      deps.early.keep({ id, time: header.time, from: origin.from }, () => judgeWhole(message, origin, deps));
    return judged;
  }
  evidence.noteHeader(header);
  ownKey.noteHeader(header);
  const { miner, height, task } = header;
  if (!(await checks.reserve({ id, miner, height, task, on: judged.parent }, origin)))
    return ignore("full", "checks are owed");
  sources.note(id, origin);
  return later(() => takeIn({ value, id, judged }, origin, deps).finally(() => checks.settle(id, origin)));
};

/** The same to its end: nobody waits for the verdict but a block that was kept. */
async function judgeWhole(...args: Parameters<Handler<"block">>): Promise<Verdict> {
  const judged = await onBlock(...args);
  return judged.kind === "later" ? judged.verdict() : judged;
}

interface Incoming {
  readonly value: BlockNotice;
  readonly id: Uint8Array;
  readonly judged: Judged;
}

/** Takes a block in whose check has a place. It is passed on once that ended, or at once where it may be built upon unchecked. */
async function takeIn({ value, id, judged }: Incoming, origin: PeerOrigin, deps: IntakeDeps): Promise<Verdict> {
  const { ledger, checks, events, wire, signal } = deps;
  const block = await bodyOf(value, id, origin, deps);
  if (block === undefined) return ignore("no-block");
  const verdict = await ledger.importBlock(block, origin, { signal, judged, room: () => checks.arrived(id) });
  if (verdict.kind === "ignore") events.emit("stranded", { peer: origin.from, ahead: false });
  if (verdict.kind === "reject" && origin.from !== origin.author && isExcusable(verdict, ledger.rules)) {
    // Its author made it up; whoever passed it on need not follow the task.
    wire.punish(origin.author, verdict.reason);
    return ignore(verdict.code);
  }
  if (verdict.kind !== "accept") return verdict;
  return !deps.checksBeforeRelay && (await ledger.mayLead(id)) ? verdict : checks.awaitCheck(id);
}

/** Peers that are asked for one body at most, whoever announced it included: a win without one costs no more questions. */
const MAX_ASKED = 4;

/** Of whoever announced it first; one that is silent keeps nobody from the others. */
async function bodyOf(
  notice: BlockNotice,
  id: Uint8Array,
  { from }: PeerOrigin,
  deps: IntakeDeps,
): Promise<Decoded<Block> | undefined> {
  if (notice.kind === "block") return notice.block;
  const { ledger, peers } = deps;
  const candidates = [...new Set([from, ...peers.ranked()])].slice(0, MAX_ASKED);
  // The announced signature was verified; its maker may have made another.
  const isSigned = (header: Header): boolean =>
    bytesEqual(header.signature, notice.header.signature) || Header.verify(header, ledger.rules.genesis);
  return fetchBlock(id, candidates, { ...deps, isSigned }, deps);
}
