// What is computed once for an object that nobody changes.

/** `compute`, remembered for each object as long as the object lives. */
export function memoised<K extends object, V>(compute: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (of) => {
    const found = known.get(of) ?? { value: compute(of) };
    known.set(of, found);
    return found.value;
  };
}
