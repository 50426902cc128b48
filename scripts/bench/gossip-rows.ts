// Row 4: gossip over real sockets, ten nodes in two processes.
import { benchGossip, type GossipFigures } from "./gossip.ts";
import type { Spread } from "./measure.ts";
import { type Bench, figure, type Row } from "./rows.ts";

const MESSAGES = { quick: 25, full: 100 };
const SIZES = ["1k", "64k"] as const;

/** One figure of a run: percentiles are over its messages, so they have no spread of their own. */
const single = (value: number, count: number): Spread => ({ median: value, low: value, high: value, count });

function rowsOf(found: GossipFigures, size: string): Row[] {
  const { toOneMs, toAllMs, messages, delivered, nodes, cpuMsPerMessage } = found;
  const detail = { delivered, nodes, "cpu ms a message": cpuMsPerMessage };
  const row = (what: string, title: string, value: number): Row =>
    figure(
      { name: `gossip/${size}/${what}`, what: `gossip of ${size}B: ${title}`, unit: "ms" },
      single(value, messages),
      {
        detail,
        comparable: false,
      },
    );
  return [
    row("p50", "to a node, p50", toOneMs.p50),
    row("p99", "to a node, p99", toOneMs.p99),
    row("all-p99", "to all nodes, p99", toAllMs.p99),
  ];
}

/** `gossip/<size>/...`. */
export async function gossipRows(bench: Bench): Promise<Row[]> {
  if (!SIZES.some((size) => ["p50", "p99", "all-p99"].some((what) => bench.wants(`gossip/${size}/${what}`)))) return [];
  bench.progress("gossip: ten nodes in two processes");
  const found = await benchGossip(bench.quick ? MESSAGES.quick : MESSAGES.full);
  const rows = found.flatMap((figures, i) => rowsOf(figures, SIZES[i] as string));
  return rows.filter(({ name }) => bench.wants(name));
}
