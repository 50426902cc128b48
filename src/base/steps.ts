// Long pure work in pieces: a generator that yields where it may rest. Who asks for the work decides: `finish` runs it through,
// the engine lets everything else have its turn between two pieces (decision 0016).

/** A signature with what it is over and whose it should be. */
export interface SignedMessage {
  readonly address: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** How much was done since the last piece, where one is about what a contribution takes, 0.1 ms; or signatures that are looked at next. */
export type Piece = number | readonly SignedMessage[];

export type Steps<R> = Generator<Piece, R, void>;

/** The work's result, without a rest. */
export function finish<R>(steps: Steps<R>): R {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}
