// What a decoded gossip frame may hold, what looking at it costs, and how it is cut into pieces that do not keep others waiting.
import { COST } from "../work.ts";

interface Ids {
  messageIDs?: unknown[];
}
export interface Control {
  ihave?: Ids[] | undefined;
  iwant?: Ids[];
  idontwant?: Ids[];
  graft?: unknown[];
  prune?: unknown[];
}
export interface Rpc {
  subscriptions?: unknown[];
  messages?: unknown[];
  control?: Control | undefined;
}

/** Ids of IHAVE that are sent and looked at in a frame, so that the answer to our IWANT fits into one; and ids of IWANT that are served. */
const IDS = 64;
/** Entries that a frame may hold; one with more is garbage. An honest node speaks of each topic once, and of `IDS` messages. */
export const FRAME_LIMITS = {
  maxSubscriptions: 64,
  maxMessages: 128,
  maxControlMessages: 64,
  maxIhaveMessageIDs: 2 * IDS,
  maxIwantMessageIDs: 2 * IDS,
  maxIdontwantMessageIDs: 2 * IDS,
  maxPeerInfos: 16,
};
/** Messages whose signatures are checked before others get a turn: some 8 ms. */
const PIECE = 32;

/** Takes out ids beyond the limit, of all entries together. */
export function trim({ control }: Rpc): void {
  for (const entries of [control?.ihave, control?.iwant]) {
    let left = IDS;
    for (const entry of entries ?? []) {
      entry.messageIDs = entry.messageIDs?.slice(0, left) ?? [];
      left -= entry.messageIDs.length;
    }
  }
}

/** Units of work. `isSeen`: whether a message is known by its signature. */
export function costOf(
  { subscriptions = [], messages = [], control }: Rpc,
  isSeen: (message: unknown) => boolean,
): number {
  const fresh = messages.filter((message) => !isSeen(message)).length;
  const ids = (entries: readonly Ids[] | undefined): number =>
    (entries ?? []).reduce((sum, { messageIDs }) => sum + 1 + (messageIDs?.length ?? 0), 0);
  const entries = subscriptions.length + (control?.graft?.length ?? 0) + (control?.prune?.length ?? 0);
  return (
    fresh * COST.message +
    (messages.length - fresh) * COST.seen +
    entries * COST.control +
    (ids(control?.ihave) + ids(control?.idontwant)) * COST.id +
    ids(control?.iwant) * COST.wanted
  );
}

/** The frame in pieces, in order; control comes with the last. */
export function piecesOf(rpc: Rpc): Rpc[] {
  const messages = rpc.messages ?? [];
  if (messages.length <= PIECE) return [rpc];
  const pieces: Rpc[] = [{ subscriptions: rpc.subscriptions ?? [], messages: messages.slice(0, PIECE) }];
  for (let at = PIECE; at < messages.length; at += PIECE)
    pieces.push({ subscriptions: [], messages: messages.slice(at, at + PIECE) });
  pieces.push({ subscriptions: [], messages: [], control: rpc.control });
  return pieces;
}
