// The picture and the page of the house are what the imports make of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { arrowsOf, roomsOf } from "../../scripts/house/rooms.ts";
import { ROOT, readSources } from "../../scripts/house/sources.ts";
import { houseFiles } from "../../scripts/house.ts";

describe("the picture of the house", () => {
  it.each(Object.entries(houseFiles()))("%s is what `npm run house` would write", (path, content) => {
    expect(readFileSync(join(ROOT, path), "utf8")).toBe(content);
  });

  it("says of each room what it is for, and counts its lines", () => {
    const rooms = roomsOf(readSources());
    expect(rooms.filter(({ purpose, lines }) => purpose === "" || lines === 0)).toEqual([]);
    expect(rooms.find(({ name }) => name === "engine")?.subRooms.map(({ name }) => name)).toEqual([
      "exchange",
      "storage",
      "chain",
      "training",
      "audits",
      "intake",
    ]);
  });

  it("tells an import that is the only way from one that is not", () => {
    const files = [
      { path: "api/a.ts", text: 'import { b } from "../node/index.ts";\nimport { c } from "../base/index.ts";' },
      { path: "node/b.ts", text: 'import type { C } from "../base/index.ts";\nimport "./c.ts";' },
    ];
    expect(arrowsOf(files)).toEqual([
      { from: "api", to: "node", imports: 1, direct: true },
      { from: "api", to: "base", imports: 1, direct: false },
      { from: "node", to: "base", imports: 1, direct: true },
    ]);
  });
});
