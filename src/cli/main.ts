#!/usr/bin/env node
// The command `pouw-node`. It imports next to nothing itself, so that where this process may not open or reserve as much as loading the
// program takes, somebody is there to say so.
import { beThrifty } from "./thrift.ts";

/** How Node says it -> what that means for whoever reads it. */
const LIMITS = [
  {
    says: /EMFILE|ENFILE/,
    sentence: "This process may not open as many files as the program has.",
    remedy: "Raise the limit before the start, such as with `ulimit -n 4096`.",
  },
  {
    says: /out of memory|cannot allocate/i,
    sentence: "This process may not reserve as much address space as the program needs; little of it is ever used.",
    remedy: "Lift the limit before the start, with `ulimit -v unlimited`.",
  },
];

if (process.pid === 1) await (await import("./first-process.ts")).runAsChild();
beThrifty();
const { run } = await import("./run.ts").catch((error: unknown) => {
  const limit = LIMITS.find(({ says }) => says.test(String(error)));
  if (limit === undefined) throw error;
  process.stderr.write(`✗ ${limit.sentence}\n  ${limit.remedy}\n`);
  process.exit(1);
});
await run();
