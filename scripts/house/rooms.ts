// The rooms with what the picture and the page show of them: purpose, lines, sub-rooms, and who imports whom.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ORDER, OTHERS } from "./order.ts";
import { importsOf, type SourceFile, SRC } from "./sources.ts";

export interface SubRoom {
  readonly name: string;
  readonly lines: number;
}

export interface Room {
  readonly name: string;
  /** What it is for, in a few words. */
  readonly purpose: string;
  readonly files: number;
  readonly lines: number;
  readonly subRooms: readonly SubRoom[];
  /** How its sub-rooms stand to each other. */
  readonly order: "chain" | "siblings" | "none";
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Import statements. */
  readonly imports: number;
  /** No way round through a third room: without it the two would not know each other. */
  readonly direct: boolean;
}

const linesOf = ({ text }: SourceFile): number => text.trimEnd().split("\n").length;
const sum = (files: readonly SourceFile[]): number => files.reduce((lines, file) => lines + linesOf(file), 0);
const below = (files: readonly SourceFile[], folder: string): SourceFile[] =>
  files.filter(({ path }) => path === folder || path.startsWith(`${folder}/`));

/** From the heading of the room's README, `# name: purpose`; of a file, its first line. */
function purposeOf(name: string): string {
  const readme = join(SRC, name, "README.md");
  if (existsSync(readme)) return /^# [^:\n]+: (.+)$/m.exec(readFileSync(readme, "utf8"))?.[1] ?? "";
  const [first = ""] = existsSync(join(SRC, name)) ? readFileSync(join(SRC, name), "utf8").split("\n") : [];
  return first.replace(/^\/\/ */, "").split(/[.:](?:\s|$)/)[0] as string;
}

function subRoomsOf(name: string, files: readonly SourceFile[]): Pick<Room, "subRooms" | "order"> {
  const order = ORDER[name];
  const folders = new Set(below(files, name).flatMap(({ path }) => path.split("/").slice(1, -1).slice(0, 1)));
  const listed = order?.flat() ?? [OTHERS];
  const others = [...folders].filter((part) => !listed.includes(part)).sort();
  const names = listed.flatMap((part) => (part === OTHERS ? others : part)).filter((part) => folders.has(part));
  const ranked = order?.filter((rank) => typeof rank === "string" && folders.has(rank)).length ?? 0;
  return {
    subRooms: names.map((part) => ({ name: part, lines: sum(below(files, `${name}/${part}`)) })),
    order: order === undefined ? "none" : ranked > 0 ? "chain" : "siblings",
  };
}

/** Every room, in import order. */
export function roomsOf(files: readonly SourceFile[]): Room[] {
  return (ORDER[""] ?? []).flat().map((name) => {
    const own = below(files, name);
    return { name, purpose: purposeOf(name), files: own.length, lines: sum(own), ...subRoomsOf(name, files) };
  });
}

const roomOf = (path: string): string => path.split("/")[0] as string;

/** Who imports whom across rooms, by importer. */
export function arrowsOf(files: readonly SourceFile[]): Arrow[] {
  const imports = new Map<string, Map<string, number>>();
  for (const file of files) {
    const from = roomOf(file.path);
    const counts = imports.get(from) ?? new Map<string, number>();
    imports.set(from, counts);
    for (const to of importsOf(file).map(roomOf)) if (to !== from) counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  const reaches = (from: string, to: string): boolean =>
    [...(imports.get(from)?.keys() ?? [])].some((next) => next === to || reaches(next, to));
  return [...imports].flatMap(([from, counts]) =>
    [...counts].map(([to, count]) => {
      const round = [...counts.keys()].some((other) => other !== to && reaches(other, to));
      return { from, to, imports: count, direct: !round };
    }),
  );
}
