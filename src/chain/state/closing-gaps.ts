// A list of the state loses entries: its last ones move into their places, so that no others are touched.

interface List {
  readonly length: number;
  getReadonly(at: number): unknown;
  set(at: number, entry: unknown): void;
  sliceTo(last: number): this;
}

/** The list without the entries at some places. Told of each that moved, with its new place. */
export function withoutPlaces<L extends List>(
  list: L,
  places: readonly number[],
  moved: (entry: ReturnType<L["getReadonly"]>, at: number) => void = () => undefined,
): L {
  let last = list.length;
  // From behind, so that the last is never one that goes.
  for (const at of places.toSorted((a, b) => b - a)) {
    last--;
    if (at === last) continue;
    const entry = list.getReadonly(last) as ReturnType<L["getReadonly"]>;
    list.set(at, entry);
    moved(entry, at);
  }
  return places.length === 0 ? list : list.sliceTo(last - 1);
}
