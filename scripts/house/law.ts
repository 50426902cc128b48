// The law of the house, as a function from one file to what is wrong with it.
import { DOORLESS, ORDER, OTHERS, OWNERS, PURE, type Rank } from "./order.ts";
import { isInside, namesIn, type SourceFile, targetOf } from "./sources.ts";

/** Where a name stands in its folder's order; -1 when it has no place. */
function rankOf(order: readonly Rank[], name: string): number {
  const listed = order.findIndex((rank) => (typeof rank === "string" ? rank === name : rank.includes(name)));
  return listed < 0 ? order.indexOf(OTHERS) : listed;
}

const isWithin = (path: string, room: string): boolean => path === room || path.startsWith(`${room}/`);

/** Every folder with an order that a path lies in, outermost first, and the path's name there. */
function placesOf(path: string): { readonly folder: string; readonly name: string }[] {
  const parts = path.split("/");
  return parts
    .map((name, depth) => ({ folder: parts.slice(0, depth).join("/"), name }))
    .filter(({ folder }) => folder in ORDER);
}

/** The places of a path that its folder's order does not list. */
const lostPlaces = (path: string): string[] =>
  placesOf(path)
    .filter(({ folder, name }) => rankOf(ORDER[folder] as readonly Rank[], name) < 0)
    .map(({ folder }) => `${path} has no place in the order of src/${folder}`);

/** The innermost folder with an order that holds both, and the names in it that the two lie under; undefined within one room. */
function crossing(from: string, to: string): { folder: string; here: string; there: string } | undefined {
  const there = placesOf(to);
  for (const [i, { folder, name }] of placesOf(from).entries()) {
    const other = there[i];
    if (other === undefined || other.folder !== folder) return undefined;
    if (other.name !== name) return { folder, here: name, there: other.name };
  }
  return undefined;
}

/** Whether a path is a room's door, or a file that is a room by itself. */
function isDoor(to: string, folder: string, name: string): boolean {
  const room = folder === "" ? name : `${folder}/${name}`;
  if (to === room) return true;
  return DOORLESS.includes(room) ? /^[^/]+\/index\.ts$/.test(to.slice(room.length + 1)) : to === `${room}/index.ts`;
}

/** What is wrong with the import of `to` in `from`, both below src. */
export function importFaults(from: string, to: string): string[] {
  const step = crossing(from, to);
  if (step === undefined) return [];
  const { folder, here, there } = step;
  const order = ORDER[folder] as readonly Rank[];
  const faults: string[] = [];
  if (rankOf(order, there) > rankOf(order, here)) faults.push(`${from} looks up to ${to}`);
  if (rankOf(order, there) === rankOf(order, here)) faults.push(`${from} imports its sibling ${to}`);
  if (!isDoor(to, folder, there)) faults.push(`${from} enters ${to} past its index.ts`);
  return faults;
}

/** A package that belongs to other rooms. */
function packageFault(path: string, name: string): string[] {
  const owner = OWNERS.find(([packages]) => packages.test(name));
  const allowed = owner === undefined || owner[1].some((room) => isWithin(path, room));
  return allowed ? [] : [`${path} imports ${name}`];
}

const WORLD = /\bDate\.now\b|\bMath\.random\b|\bprocess\.env\b|\bconsole\./;

/** The only files that may ask what time of day it is: for headers, for the handshake, to show or weigh a header's age, and for what is kept over restarts. Everything else is a duration. */
const WALL_TIME = [
  "adapters/clock/index.ts",
  "adapters/libp2p/peers/peer-book.ts",
  "cli/commands/start.ts",
  "engine/chain/ledger.ts",
  "engine/exchange/clocks.ts",
  "engine/exchange/own-status.ts",
  "engine/intake/early-blocks.ts",
  "engine/training/block-maker.ts",
  "engine/training/voice.ts",
  "node/views/health-checks.ts",
  "ports/world.ts",
];

function wallTimeFault({ path, text }: SourceFile): string[] {
  const asks = /\bwallTime\b|\bDate\.now\b|\bnew Date\(\)/.test(text);
  return asks && !WALL_TIME.includes(path)
    ? [`${path} asks for the time of day; a duration is of the monotonic clock`]
    : [];
}

/** Everything that a file does against the law. */
export function faultsOf({ path, text }: SourceFile): string[] {
  const faults = lostPlaces(path);
  for (const name of namesIn(text))
    faults.push(...(isInside(name) ? importFaults(path, targetOf(path, name)) : packageFault(path, name)));
  faults.push(...wallTimeFault({ path, text }));
  if (PURE.some((room) => isWithin(path, room)) && WORLD.test(text))
    faults.push(`${path} uses clock, chance, environment or console`);
  return faults;
}

/** Names in the order that no file bears. */
export function emptyPlaces(paths: readonly string[]): string[] {
  const places = Object.entries(ORDER).flatMap(([folder, order]) =>
    order
      .flat()
      .filter((name) => name !== OTHERS)
      .map((name) => (folder === "" ? name : `${folder}/${name}`)),
  );
  return places.filter((place) => !paths.some((path) => isWithin(path, place)));
}
