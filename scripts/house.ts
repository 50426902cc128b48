// Draws the house from its real imports: docs/house.svg and docs/house.md (`npm run house`). A test compares.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measure } from "./house/measures.ts";
import { housePage } from "./house/page.ts";
import { drawHouse } from "./house/picture.ts";
import { arrowsOf, roomsOf } from "./house/rooms.ts";
import { ROOT, readSources } from "./house/sources.ts";

/** What is written, by path in the repository. */
export function houseFiles(): { readonly [path: string]: string } {
  const files = readSources();
  const rooms = roomsOf(files);
  return { "docs/house.svg": drawHouse(rooms, arrowsOf(files)), "docs/house.md": housePage(rooms, measure(files)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, content] of Object.entries(houseFiles())) {
    writeFileSync(join(ROOT, path), content);
    console.log(`wrote ${path}`);
  }
}
