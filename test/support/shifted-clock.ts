// A process whose wall clock a test steps while it runs; durations, which are monotonic, know nothing of it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ShiftedClock {
  /** For the process that is to see it. */
  readonly env: NodeJS.ProcessEnv;
  /** How far it is ahead of this machine's from now on, ms. */
  step(ms: number): void;
}

export function shiftedClock(dir: string, ms = 0): ShiftedClock {
  const [shift, module] = [join(dir, "shift"), join(dir, "shifted-clock.cjs")];
  const step = (to: number): void => writeFileSync(shift, String(to));
  step(ms);
  writeFileSync(
    module,
    `const { readFileSync } = require("node:fs");
const System = Date;
let [ms, read] = [0, -Infinity];
const shift = () => {
  if (performance.now() - read < 50) return ms;
  read = performance.now();
  return (ms = Number(readFileSync(${JSON.stringify(shift)}, "utf8")));
};
globalThis.Date = class Date extends System {
  constructor(...given) {
    given.length === 0 ? super(System.now() + shift()) : super(...given);
  }
  static now() {
    return System.now() + shift();
  }
};
`,
  );
  return { env: { NODE_OPTIONS: `--require ${module}` }, step };
}
