export * from "./attestation.ts";
export { bodyRoot, bodyRootSteps, checkBlock, checkBlockSteps, checkBody, checkJudged } from "./block.ts";
export * from "./bounds.ts";
export * from "./contribution.ts";
export * from "./draft.ts";
export * from "./fork-choice.ts";
export * from "./header.ts";
export * from "./record.ts";
export * from "./shown.ts";
