// One checkout's side of a comparison, in a process of its own: opens pieces of work and does them when told. `child.ts <dir>`.
import { messageOf } from "../../../src/base/index.ts";
import type { Sample } from "../measure.ts";
import { Checkout, CONTROL, PARTS, type Work } from "./parts.ts";

export interface Order {
  readonly part: string;
  /** How often; undefined opens the part. */
  readonly count?: number;
}
export type Answer = { readonly sample?: Sample } | { readonly absent: string };

const checkout = new Checkout(process.argv[2] ?? process.cwd());
const parts = new Map([...PARTS, ...Object.values(CONTROL)].map((part) => [part.name, part]));
const opened = new Map<string, Work>();

async function obey({ part, count }: Order): Promise<Answer> {
  try {
    if (count !== undefined) {
      global.gc?.();
      return { sample: await (opened.get(part) as Work)(count) };
    }
    const work = await parts.get(part)?.open(checkout);
    if (work === undefined) return { absent: `there is no ${part}` };
    opened.set(part, work);
    return {};
  } catch (error) {
    return { absent: messageOf(error) };
  }
}

process.on("message", (order: Order) => void obey(order).then((answer) => process.send?.(answer)));
process.on("disconnect", () => process.exit());
