// Writes test/vectors/work.json: run `npx tsx test/vectors/write-work.ts`, and only when the protocol is meant to change.
import { writeFileSync } from "node:fs";
import { workVectors } from "./work-vectors.ts";

writeFileSync(new URL("./work.json", import.meta.url), `${JSON.stringify(workVectors(), null, 2)}\n`);
