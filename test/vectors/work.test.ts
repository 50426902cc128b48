// Golden values: a change here is a change of the protocol, and splits the network.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { workVectors } from "./work-vectors.ts";

it("hashing, work, genesis and blocks give the recorded values", () => {
  const golden: unknown = JSON.parse(readFileSync(new URL("./work.json", import.meta.url), "utf8"));
  expect(JSON.parse(JSON.stringify(workVectors()))).toEqual(golden);
});
