// What a key has signed of which two would be an offence, kept where the key is: whoever loses the chain's store signs nothing twice.

/** One thing signed. There is one id for each slot, whatever becomes of the chain. */
export interface Signed {
  /** What may be signed once only, in printable ASCII without spaces: a win of a height, the record of a round. */
  readonly slot: string;
  readonly height: number;
  /** Of the object, hex. */
  readonly id: string;
}

export interface SigningHistory {
  /** The highest height that anything was signed at; 0 before the first. */
  readonly top: number;
  /** Whether an object of this id was signed here. */
  has(id: string): boolean;
  /**
   * Whether this may be signed: nothing else was for its slot, and its height is not so far back that what was signed there is forgotten.
   * It is remembered for good when this resolves. Throws STORE_FAILED.
   */
  claim(signed: Signed): Promise<boolean>;
}
