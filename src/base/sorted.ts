// Places in sorted lists.

/** How many of a list come first of which `isBefore` holds, where it holds for none behind the first of which it does not. */
export function placeIn<T>(list: readonly T[], isBefore: (item: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(list[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
