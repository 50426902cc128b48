export * from "./gossip.ts";
