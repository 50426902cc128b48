// @ts-check
// A plugin that shows all a plugin can bring: a role that counts the blocks of each miner since the node started, a setting of
// its own, a page of the API, a handler of alerts and a metric.
//
//   npx pouw-node --role miner,ranking --plugin ./ranking.mjs --ranking-top 3
//   curl http://127.0.0.1:9480/v1/x/miners
import { anyRole, formatAddress, parseAddress, resource, setting, toHex, z } from "pouw-node";

const RULE = "must be a whole number from 1 to 100";
const SETTINGS = [
  setting({
    key: "ranking.top",
    schema: z.int(RULE).min(1, RULE).max(100, RULE).default(10),
    flag: "ranking-top",
    value: "n",
    help: "how many miners GET /v1/x/miners lists",
  }),
];

/**
 * @typedef {{ readonly miner: string, readonly blocks: number }} Line
 * @typedef {{ readonly top: number, readonly blocks: { readonly [miner: string]: number } }} State
 * @typedef {{ readonly type: "head", readonly joined: string[], readonly left: string[] }} Head
 * @typedef {{ readonly type: "show", readonly lines: Line[] }} Show
 */

/** What the page shows. It is the module's: a process with several nodes would show the last one's. */
let shown = /** @type {Line[]} */ ([]);
let forgeries = 0;

/** @param {State} state @param {Head} head @returns {State} */
function counted({ top, blocks }, { joined, left }) {
  const next = { ...blocks };
  for (const miner of joined) next[miner] = (next[miner] ?? 0) + 1;
  for (const miner of left) next[miner] = Math.max(0, (next[miner] ?? 0) - 1);
  return { top, blocks: next };
}

/** @param {State} state @returns {Line[]} */
const ranked = ({ top, blocks }) =>
  Object.entries(blocks)
    .map(([miner, count]) => ({ miner, blocks: count }))
    .sort((a, b) => b.blocks - a.blocks)
    .slice(0, top);

/** Pure up to `effects`: the same events give the same ranking. */
/** @type {import("pouw-node").RoleModule<State, Head, Show, (typeof SETTINGS)[number]>} */
const ranking = {
  name: "ranking",
  bit: 0,
  needs: [],
  claims: {},
  options: SETTINGS,
  listens: {
    head: ({ added, dropped }) => ({
      type: "head",
      joined: added.map(({ header }) => toHex(header.miner)),
      left: dropped.map(({ header }) => toHex(header.miner)),
    }),
  },
  start: ({ options }) => [{ top: options.top, blocks: {} }, [{ type: "show", lines: [] }]],
  step(state, event) {
    if (event.type !== "head") return [state, []];
    const next = counted(state, event);
    return [next, [{ type: "show", lines: ranked(next) }]];
  },
  effects: {
    show: ({ lines }) => {
      shown = lines;
    },
  },
};

const page = resource({
  method: "GET",
  path: "/v1/x/miners",
  summary: "Who mined the blocks since the node started, most first.",
  reply: z.object({
    height: z.int().describe("Height of the best chain."),
    miners: z.array(
      z.object({ miner: z.string().describe("Address."), blocks: z.int().describe("Its blocks on the best chain.") }),
    ),
    forgeries: z.int().describe("Alerts of units that were not run as claimed."),
  }),
  handle(view) {
    const { height, network } = view.getStatus();
    const named = shown.map(({ miner, blocks }) => ({ miner: formatAddress(parseAddress(miner), network), blocks }));
    return { height, miners: named, forgeries };
  },
});

/** @type {import("pouw-node").Plugin} */
export const plugin = {
  name: "ranking",
  roles: [anyRole(ranking)],
  resources: [page],
  securityHandlers: {
    "forged-unit": () => {
      forgeries++;
    },
  },
  metrics(metrics, view) {
    const blocks = metrics.counter("pouw_ranking_blocks_total", "Blocks that joined the best chain.", ["own"]);
    view.on("block", ({ own }) => blocks.add(1, { own: `${own}` }));
  },
};
