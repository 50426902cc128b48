// Where an object came from: made here, or brought by a peer. Own and foreign objects take one path.

export interface PeerOrigin {
  readonly kind: "peer";
  /** Peer id of who relayed it. */
  readonly from: string;
  /** Peer id of who published it, as far as the wire knows. */
  readonly author: string;
}
export type Origin = { readonly kind: "own" } | PeerOrigin;

export const OWN: Origin = { kind: "own" };
/** An answer to our own request: whoever sent it is who made it known to us. */
export const fromPeer = (from: string): PeerOrigin => ({ kind: "peer", from, author: from });
/** Whom to ask first for what belongs to the object. */
export const hintsOf = (origin: Origin): readonly string[] => (origin.kind === "own" ? [] : [origin.from]);
