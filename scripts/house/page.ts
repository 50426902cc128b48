// docs/house.md: what each room is for, the picture, and the house in figures.
import type { Measures } from "./measures.ts";
import { about } from "./picture.ts";
import type { Room } from "./rooms.ts";

/** A table whose columns are aligned as the formatter wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) =>
    Math.max(...[name, ...rows.map((row) => row[i] as string)].map((it) => it.length)),
  );
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((words, i) => words.padEnd(widths[i] as number)).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

const linkOf = (name: string): string =>
  name.endsWith(".ts") ? `[${name}](../src/${name})` : `[${name}](../src/${name}/README.md)`;

export const housePage = (
  rooms: readonly Room[],
  { file, function: longest, parameters, faults, circles }: Measures,
): string => `# The house

Made by \`npm run house\` from the imports of \`src\`; do not edit. A test compares.

![The rooms of src in import order](house.svg)

A file imports from its own room or an earlier one, across rooms only through the room's \`index.ts\`, and the same holds between the sub-rooms that have an order. The order is \`scripts/house/order.ts\`, the law \`scripts/house/law.ts\`, and \`test/arch/layers.test.ts\` holds every file to it, types included. In import order:

${table(
  ["room", "for", "sub-rooms", "lines, about"],
  rooms.map((room) => [
    linkOf(room.name),
    room.purpose,
    room.subRooms.map(({ name }) => name).join(", "),
    about(room.lines),
  ]),
)}

${table(
  ["in figures", "today", "at most", "where"],
  [
    ["longest file, lines", `${file.size}`, "300", file.where],
    ["longest function, lines of code", `${longest.size}`, "37", longest.where],
    ["longest parameter list", `${parameters.size}`, "4", `first of them: ${parameters.where}`],
    ["imports that go up, aside or past a door", `${faults}`, "0", ""],
    ["circles of more than one file", `${circles}`, "0", ""],
  ],
)}
`;
