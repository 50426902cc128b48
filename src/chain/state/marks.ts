// Who is named in a long list of the state: all of a ring may be some hundred thousand entries, and every message about a key asks for it.
import { bytesEqual } from "../../base/index.ts";

/** An entry that names an address, or two. */
interface Names {
  readonly address: Uint8Array;
  readonly author?: Uint8Array;
}

/** A list of the state's tree, as far as it is looked through. */
export interface Named<E> {
  readonly node: object;
  readonly length: number;
  getAllReadonlyValues(): E[];
  getReadonly(at: number): { toValue(): E };
}

const markOf = (address: Uint8Array): number => new DataView(address.buffer, address.byteOffset).getInt32(0);

/** Of each list the first bytes of the addresses, two for an entry. Lists are shared by states, and so are these. */
const known = new WeakMap<object, Int32Array>();

function marksOf<E extends Names>(list: Named<E>): Int32Array {
  const found = known.get(list.node);
  if (found !== undefined) return found;
  const marks = new Int32Array(2 * list.length);
  for (const [i, { address, author = address }] of list.getAllReadonlyValues().entries()) {
    marks[2 * i] = markOf(address);
    marks[2 * i + 1] = markOf(author);
  }
  known.set(list.node, marks);
  return marks;
}

/** Places of the entries that name an address, in order. The list has no changes that are not committed. */
export function placesOf<E extends Names>(list: Named<E>, address: Uint8Array): number[] {
  const [marks, mark] = [marksOf(list), markOf(address)];
  const places: number[] = [];
  for (let i = marks.indexOf(mark); i >= 0; i = marks.indexOf(mark, i + 1)) {
    const at = i >> 1;
    if (places.at(-1) === at) continue;
    const { address: own, author = own } = list.getReadonly(at).toValue();
    if (bytesEqual(own, address) || bytesEqual(author, address)) places.push(at);
  }
  return places;
}
