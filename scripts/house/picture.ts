// The picture of the house: rooms as boxes, the first in import order at the bottom, so that arrows only ever go down.
// Plain SVG with a ground of its own, so that it reads the same on light and dark pages.
import type { Arrow, Room } from "./rooms.ts";

const WIDTH = 1180;
const MARGIN = 28;
const TOP = 92;
const GAP = 12;
const BOX = { x: 172, width: 650 };
const HEIGHT = { plain: 52, parted: 88 };
const PILL = { height: 24, gap: 12, pad: 9 };

/** Rooms of one kind stand together; from the top down. */
const STOREYS: readonly {
  readonly title: readonly string[];
  readonly rooms: readonly string[];
  readonly hue: string;
}[] = [
  { title: ["assembly", "and doors"], rooms: ["cli", "index.ts", "app", "dashboard", "api", "node"], hue: "#7a5195" },
  { title: ["answers"], rooms: ["adapters"], hue: "#b4572b" },
  { title: ["behaviour"], rooms: ["roles", "engine"], hue: "#2f7d5b" },
  { title: ["questions"], rooms: ["ports"], hue: "#8a6d1a" },
  {
    title: ["truth:", "pure, no clock,", "no chance"],
    rooms: ["consensus", "chain", "work", "ml", "codec", "crypto", "base"],
    hue: "#2c5f9e",
  },
];
const hueOf = (room: string): string => STOREYS.find(({ rooms }) => rooms.includes(room))?.hue ?? "#555555";

const STYLE = `
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2430; }
  .title { font-size: 24px; font-weight: 700; }
  .said { font-size: 13px; fill: #4a5060; }
  .room { font-size: 17px; font-weight: 700; }
  .purpose { font-size: 13px; fill: #3a4050; }
  .lines { font-size: 12px; fill: #4a5060; text-anchor: end; }
  .part { font-size: 12px; }
  .between { font-size: 13px; fill: #6a7080; text-anchor: middle; }
  .storey { font-size: 13px; font-weight: 600; }`;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const round = (value: number): string => `${Math.round(value * 10) / 10}`;
const text = (kind: string, [x, y]: readonly [x: number, y: number], words: string, more = ""): string =>
  `<text class="${kind}" x="${round(x)}" y="${round(y)}"${more}>${escaped(words)}</text>`;

/** A figure that does not change with every line: to the nearest fifty. */
export const about = (lines: number): string => Math.max(50, Math.round(lines / 50) * 50).toLocaleString("en-US");

interface Placed {
  readonly room: Room;
  readonly y: number;
  readonly height: number;
}

/** From the top of the picture down: the last room in import order first. */
function place(rooms: readonly Room[]): Placed[] {
  let y = TOP;
  return rooms.toReversed().map((room) => {
    const height = room.subRooms.length > 0 ? HEIGHT.parted : HEIGHT.plain;
    const placed = { room, y, height };
    y += height + GAP;
    return placed;
  });
}

/** The sub-rooms, first in import order on the left; what may import what stands between them. */
function partsOf({ room, y }: Placed): string[] {
  const hue = hueOf(room.name);
  const drawn: string[] = [];
  let x = BOX.x + 16;
  for (const [i, { name, lines }] of room.subRooms.entries()) {
    const words = room.order === "siblings" && room.subRooms.length > 5 ? name : `${name} ${about(lines)}`;
    const width = words.length * 6.9 + 2 * PILL.pad;
    if (i > 0 && room.order === "chain") drawn.push(text("between", [x - PILL.gap / 2, y + 71], "‹"));
    const dashes = room.order === "none" ? ' stroke-dasharray="3 3"' : "";
    drawn.push(
      `<rect x="${round(x)}" y="${y + 54}" width="${round(width)}" height="${PILL.height}" rx="6" fill="#ffffff" stroke="${hue}"${dashes}/>`,
      text("part", [x + width / 2, y + 70.5], words, ' text-anchor="middle"'),
    );
    x += width + PILL.gap;
  }
  return drawn;
}

function boxOf(placed: Placed): string[] {
  const { room, y, height } = placed;
  const hue = hueOf(room.name);
  return [
    `<rect x="${BOX.x}" y="${y}" width="${BOX.width}" height="${height}" rx="9" fill="${hue}" fill-opacity="0.09" stroke="${hue}" stroke-width="1.5"/>`,
    text("room", [BOX.x + 16, y + 23], room.name),
    text("purpose", [BOX.x + 16, y + 42], room.purpose),
    text("lines", [BOX.x + BOX.width - 16, y + 23], `${about(room.lines)} lines`),
    ...partsOf(placed),
  ];
}

function storeyOf(placed: readonly Placed[], { title, rooms, hue }: (typeof STOREYS)[number]): string[] {
  const own = placed.filter(({ room }) => rooms.includes(room.name));
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bottom = last.y + last.height;
  const middle = (first.y + bottom) / 2 - (title.length - 1) * 8.5;
  return [
    `<path d="M ${BOX.x - 14} ${first.y + 3} V ${bottom - 3}" stroke="${hue}" stroke-width="4" stroke-linecap="round"/>`,
    ...title.map((words, i) =>
      text("storey", [BOX.x - 26, middle + 4 + i * 17], words, ` text-anchor="end" style="fill: ${hue}"`),
    ),
  ];
}

/** Where on a box's right side an arrow leaves or comes in: leaving below, nearest lowest; coming in above, nearest highest. */
function portOf({ y, height }: Placed, at: number, count: number, part: "out" | "in"): number {
  const share = (at + 0.5) / count;
  return part === "out" ? y + height * (0.95 - 0.4 * share) : y + height * (0.08 + 0.4 * share);
}

/** Rooms between two: how far out an arrow swings. */
function arrowPaths(placed: readonly Placed[], arrows: readonly Arrow[]): string[] {
  const index = new Map(placed.map(({ room }, i) => [room.name, i]));
  const span = ({ from, to }: Arrow): number => (index.get(to) as number) - (index.get(from) as number);
  const near = arrows.toSorted((a, b) => span(a) - span(b));
  const thinFirst = near.toSorted((a, b) => Number(a.direct) - Number(b.direct));
  return thinFirst.map((arrow) => {
    const leaving = near.filter(({ from }) => from === arrow.from);
    const coming = near.filter(({ to }) => to === arrow.to);
    const y1 = portOf(placed[index.get(arrow.from) as number] as Placed, leaving.indexOf(arrow), leaving.length, "out");
    const y2 = portOf(placed[index.get(arrow.to) as number] as Placed, coming.indexOf(arrow), coming.length, "in");
    return arrowPath(arrow, span(arrow), y1, y2);
  });
}

function arrowPath({ from, direct }: Arrow, span: number, y1: number, y2: number): string {
  const x = BOX.x + BOX.width;
  const swing = x + 14 + 27.5 * span;
  const hue = hueOf(from);
  const head = direct ? 6 : 4;
  const look = direct ? 'stroke-width="2.4"' : 'stroke-width="1" stroke-opacity="0.5"';
  const line = `M ${x} ${round(y1)} C ${round(swing)} ${round(y1)}, ${round(swing)} ${round(y2)}, ${x + head} ${round(y2)}`;
  const tip = `M ${x + 1} ${round(y2)} l ${head + 2} ${-head * 0.7} v ${head * 1.4} z`;
  return `<path d="${line}" fill="none" stroke="${hue}" ${look}/><path d="${tip}" fill="${hue}"${direct ? "" : ' fill-opacity="0.6"'}/>`;
}

/** The whole picture, as SVG. */
export function drawHouse(rooms: readonly Room[], arrows: readonly Arrow[]): string {
  const shown = rooms.filter(({ name }) => name !== "polyfill.ts");
  const placed = place(shown);
  const last = placed.at(-1) as Placed;
  const bottom = last.y + last.height;
  const height = bottom + 84;
  const between = arrows.filter(({ from, to }) => from !== "polyfill.ts" && to !== "polyfill.ts");
  const notes = [
    "Bold: an import with no way round through a third room; thin: the others. Lines are to the nearest fifty. Small boxes joined by ‹ import only to their left;",
    "without it they never import each other; dashed ones are folders inside one room. test/arch holds all of it.",
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="The rooms of src in import order">`,
    `<style>${STYLE}\n</style>`,
    `<rect x="1" y="1" width="${WIDTH - 2}" height="${height - 2}" rx="14" fill="#fbfbfd" stroke="#c9cedb"/>`,
    text("title", [MARGIN, 42], "The house"),
    text(
      "said",
      [MARGIN, 66],
      "Every room of src, the first in import order at the bottom. An arrow is an import, and no arrow goes up.",
    ),
    ...STOREYS.flatMap((storey) => storeyOf(placed, storey)),
    ...arrowPaths(placed, between),
    ...placed.flatMap(boxOf),
    ...notes.map((words, i) => text("said", [MARGIN, bottom + 36 + i * 20], words)),
    "</svg>",
    "",
  ].join("\n");
}
