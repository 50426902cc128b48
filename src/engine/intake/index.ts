export { CatchUp } from "./catch-up.ts";
export { createIntake, type Intake } from "./intake.ts";
export { Patience } from "./patience.ts";
export { createTakeSynced } from "./synced.ts";
