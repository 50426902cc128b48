export { CatchUp } from "./catch-up.ts";
export { EarlyBlocks } from "./early-blocks.ts";
export { createIntake, type Intake } from "./intake.ts";
export { Patience } from "./patience.ts";
export { createTakeSynced } from "./synced.ts";
export { Uncovered } from "./uncovered.ts";
